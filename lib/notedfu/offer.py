"""What dfu.status says of the image that it offers."""


class Offer:
    """An image as dfu.status describes it. What its body does not say is None."""

    def __init__(self, body):
        body = body if isinstance(body, dict) else {}
        self.length = _whole(body.get("length"))
        self.crc32 = _whole(body.get("crc32"))
        md5 = body.get("md5")
        self.md5 = md5.lower() if isinstance(md5, str) and len(md5) == 32 else None

    def same(self, other):
        """Whether both descriptions are of one image, as far as they go."""
        return (self.length, self.crc32, self.md5) == (other.length, other.crc32, other.md5)


def _whole(value):
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
