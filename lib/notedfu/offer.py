"""What dfu.status says of the image that it offers."""

from notedfu.const import const

_LONGEST = const(0x3FFFFFFF)  # what an int without a heap block holds; no image comes near it


class Offer:
    """An image as dfu.status describes it. What its body does not say is None."""

    def __init__(self, body):
        body = body if isinstance(body, dict) else {}
        self.length = _whole(body.get("length"), _LONGEST)
        self.crc32 = _whole(body.get("crc32"), 0xFFFFFFFF)
        md5 = body.get("md5")
        self.md5 = md5.lower() if isinstance(md5, str) and len(md5) == 32 else None

    def same(self, other):
        """Whether both descriptions are of one image, as far as they go: a gap in one says nothing."""
        return (
            _agree(self.length, other.length)
            and _agree(self.crc32, other.crc32)
            and _agree(self.md5, other.md5)
        )


def _agree(one, other):
    return one is None or other is None or one == other


def _whole(value, most):
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most else None
