"""The module `samd`: the flash as ports/samd/samd_flash.c gives it, and nrf and mimxrt much the same."""

from tools.flash.blockdev import BlockDevice

_nor = None


def install(nor):
    """Give the module its chip."""
    global _nor
    _nor = nor


class Flash:
    """All of the storage; there are no slices. It never reports a failure.

    The erasing form of writeblocks() erases one block, whatever the length of the buffer is, and programs all
    of it: what lies in the blocks behind is not blank, and ends the board.
    """

    def __init__(self):
        self._device = BlockDevice(_nor, 0, _nor.block_count)

    def readblocks(self, block, buf, offset=0):
        self._device.readblocks(block, buf, offset)

    def writeblocks(self, block, buf, offset=None):
        if offset is None:
            self._device.ioctl(6, block)
        self._device.writeblocks(block, buf, offset or 0)

    def ioctl(self, op, arg):
        result = self._device.ioctl(op, arg)
        return 0 if op == 6 or result == -22 else result
