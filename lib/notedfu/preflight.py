"""Preflight: what the Notecard offers is looked at, its first and last bytes, before anything is erased.

trust.py judges what was seen. A foreign image costs two dfu.get and no erase.
"""

from notedfu.const import const
from notedfu.container import HEADER_SIZE, TAIL_LIMIT, Contents, parse_header, tail_size
from notedfu.errors import ImageError, LocalError
from notedfu.tlvs import parse_tail

_AREA_HEADER = const(4)  # bytes of magic and total length before a TLV area


def look(dfu, offer, sha256):
    """Fetch header and TLVs: two dfu.get, a third where the offer has no length. Returns its Contents.

    Raises ImageError for what can't be an image; its `identity` is then the SHA-256 of the header's bytes.
    Without a sha256 every image is refused, `no-sha256`, and nothing is fetched. Allocates the TLVs, at most
    2 KiB.
    """
    try:
        digest = sha256()
    except LocalError as error:
        raise ImageError(error.code, error.text + ": no image can be checked") from None
    head = min(HEADER_SIZE, offer.length or HEADER_SIZE)
    dfu.get(0, head)
    start = bytes(dfu.page[:head])
    try:
        if head < HEADER_SIZE:
            raise ImageError("short-image", "the image has %d bytes, its header alone has 32" % head)
        header = parse_header(start)
        length = offer.length or _length(dfu, header)
        tail = _fetch(dfu, header.tail, tail_size(header, length))
        return Contents(header, parse_tail(tail, len(tail), header), length)
    except ImageError as error:
        digest.update(start)
        error.identity = digest.digest()
        raise


def _length(dfu, header):
    """The image's length, from the last TLV area's own header."""
    dfu.get(header.covered, _AREA_HEADER)
    total = dfu.page[2] | dfu.page[3] << 8
    if not _AREA_HEADER <= total <= TAIL_LIMIT:
        raise ImageError("bad-area", "TLVs of %d bytes" % total)
    return header.covered + total


def _fetch(dfu, offset, size):
    """`size` bytes of the image from `offset`, as a new bytearray; size is bounded by TAIL_LIMIT."""
    whole = bytearray(size)
    have = 0
    while have < size:
        count = min(size - have, len(dfu.page))
        dfu.get(offset + have, count)
        whole[have : have + count] = memoryview(dfu.page)[:count]
        have += count
    return whole
