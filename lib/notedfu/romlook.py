"""An image that brings a ROMFS as an offer: what its first bytes say. For preflight."""

from notedfu.errors import ImageError
from notedfu.romcopy import START
from notedfu.romslots import ROM

_TAR = 512  # bytes of the header in front of it
_SIZE_AT = 124
_HEAD = 136  # bytes of it that are looked at
_MAGIC = b"\xd2\xcd\x31"  # extmod/vfs_rom.c


def look(dfu, slots, candidate):
    """Two dfu.get: is the first file a ROMFS, and does the partition take it?

    ImageError `no-romfs`, `too-large`.
    """
    start = candidate.header.size
    if candidate.header.payload_size < _TAR + len(_MAGIC):
        raise ImageError("no-romfs", "payload of %d bytes" % candidate.header.payload_size)
    dfu.get(start, _HEAD)
    name = bytes(dfu.page[:_SIZE_AT]).split(b"\0")[0]
    digits = bytes(dfu.page[_SIZE_AT:_HEAD]).rstrip(b"\0 ")
    dfu.get(start + _TAR, len(_MAGIC))
    if name != ROM.encode() or bytes(dfu.page[: len(_MAGIC)]) != _MAGIC:
        raise ImageError("no-romfs", "it does not begin with a ROMFS called %s" % ROM)
    try:
        size = int(digits, 8)
    except ValueError:
        raise ImageError("no-romfs", "its archive's first header is damaged") from None
    room = slots.rom.size - START
    if size > room:
        raise ImageError("too-large", "the ROMFS has %d bytes, its partition takes %d" % (size, room))
