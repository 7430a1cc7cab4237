"""The module `rp2`: the flash as stock firmware gives it to programs (micropython ports/rp2/rp2_flash.c)."""

from tools.flash.blockdev import BlockDevice

_nor = None


def install(nor):
    """Give the module its chip."""
    global _nor
    _nor = nor


class Flash:
    """All of the storage, or a slice of it: byte offsets `start` and `len`, in whole erase blocks.

    As on rp2, an overlap with the mounted filesystem is nobody's concern. Unlike there, an access beyond the
    slice is not done silently: it ends the board.
    """

    def __init__(self, *, start=-1, len=-1):
        if start == -1 and len == -1:
            start = 0
        if start == -1:
            start = 0
        if len == -1:
            len = _nor.size - start
        block = _nor.erase_block
        if start < 0 or start >= _nor.size or start % block:
            raise ValueError
        if len <= 0 or start + len > _nor.size or len % block:
            raise ValueError
        self._device = BlockDevice(_nor, start // block, len // block)

    def readblocks(self, block, buf, offset=0):
        self._device.readblocks(block, buf, offset)

    def writeblocks(self, block, buf, offset=None):
        self._device.writeblocks(block, buf, offset)

    def ioctl(self, op, arg):
        result = self._device.ioctl(op, arg)
        return None if result == -22 else result
