"""The module `pyb`: Flash, as ports/stm32/storage.c has it for a board with serial flash."""

from tools.flash.blockdev import BlockDevice

_nor = None
_SECTOR = 512
_EIO = -5
_EINVAL = -22


def install(nor):
    """Give the module its chip."""
    global _nor
    _nor = nor


class Flash:
    """All of the storage, or a slice in bytes. Errors are returned, never raised.

    Blocks are sectors of 512 bytes, read and written through a cache that erases by itself, until ioctl(1,
    1) makes them native: then programs need an erase by ioctl(6). The extended calls check their first byte
    alone; what goes on beyond the slice ends the board here.
    """

    def __init__(self, *, start=-1, len=-1):
        block = _nor.erase_block
        start = max(start, 0)
        length = len if len != -1 else _nor.size - start
        if start % block or length % block or length <= 0 or start + length > _nor.size:
            raise ValueError("invalid flash range")
        self._device = BlockDevice(_nor, start // block, length // block)
        self._length = length
        self._native = False

    def readblocks(self, block, buf, offset=0):
        if not self._native:
            return _EIO  # the sector cache has no model here: who wants native blocks says so first
        if block * _nor.erase_block >= self._length:
            return _EIO
        return self._device.readblocks(block, buf, offset)

    def writeblocks(self, block, buf, offset=None):
        if not self._native or block * _nor.erase_block >= self._length:
            return _EIO
        return self._device.writeblocks(block, buf, offset)

    def ioctl(self, op, arg):
        if op == 1:
            self._native = arg == 1
            return 0
        if op == 4:
            return self._length // (_nor.erase_block if self._native else _SECTOR)
        if op == 5:
            return _nor.erase_block if self._native else _SECTOR
        if op == 6:
            if not self._native:
                return 0  # FAT's view: nothing to erase
            if not 0 <= arg * _nor.erase_block < self._length:
                return _EIO
            return self._device.ioctl(op, arg)
        return 0 if op in (2, 3) else _EINVAL
