"""The board's ROMFS partition, by vfs.rom_ioctl. Loaded only where this is the target.

extmod/vfs.h numbers the operations. A port has it as a block device that can also be read as memory (esp32,
rp2, nrf, mimxrt), or as memory, with operations to write it (stm32, alif, esp8266).
"""

import sys

import vfs

from notedfu.const import const
from notedfu.errors import LocalError

_COUNT = const(1)
_SEGMENT = const(2)
_PREPARE = const(3)
_WRITE = const(4)
_COMPLETE = const(5)
_LEAST = const(6)  # bytes that can be prepared at once; since MicroPython 1.26, and not on each port
_BLOCKS = const(4)  # of a block device's ioctl()
_BLOCK_SIZE = const(5)
_ERASE = const(6)
_PIECE = const(4096)


def rom():
    """The first ROMFS partition; LocalError `no-rom` where there is none that can be written."""
    ioctl = getattr(vfs, "rom_ioctl", None)
    if ioctl is None or ioctl(_COUNT) < 1:
        raise LocalError("no-rom", "this firmware has no ROMFS partition")
    segment = ioctl(_SEGMENT, 0)
    if isinstance(segment, int):
        raise LocalError("no-rom", "the ROMFS partition can't be reached (%d)" % segment)
    if not hasattr(segment, "ioctl"):
        return Memory(segment, ioctl)
    if sys.platform == "samd":  # ports/samd/samd_flash.c: its erase counts from the filesystem's first block
        raise LocalError("no-rom", "on SAMD the partition's erase would hit the filesystem")
    return Blocks(segment)


class _Rom:
    """view: the partition as memory. size: its bytes."""

    def __init__(self, segment):
        self.view = memoryview(segment)
        self.size = len(self.view)

    def mount(self, start):
        """Mount what lies from `start` on as /rom."""
        self.unmount()
        vfs.mount(vfs.VfsRom(self.view[start:]), "/rom")

    def unmount(self):
        """Whatever is mounted as /rom is no more."""
        try:
            vfs.umount("/rom")
        except OSError:
            pass  # nothing was


class Memory(_Rom):
    """Where vfs.rom_ioctl writes."""

    def __init__(self, segment, ioctl):
        super().__init__(segment)
        self._ioctl = ioctl
        self._step = ioctl(_LEAST, 0)

    def erase(self, length, tick):
        """Make the first `length` bytes blank, from the front, and what shares their last block. OSError."""
        if not 0 < self._step < self.size:  # all of it in one go
            _check(self._ioctl(_PREPARE, 0, min(-(-length // _PIECE) * _PIECE, self.size)))
            return
        for at in range(0, length, self._step):
            _check(self._ioctl(_PREPARE, 0, at, min(self._step, self.size - at)))
            tick()

    def write(self, at, page):
        """Program `page` at the byte `at`; both in whole pages of 4096, and blank. OSError."""
        _check(self._ioctl(_WRITE, 0, at, page))

    def complete(self):
        """All is written. Where a port has nothing to do then it answers with an error."""
        self._ioctl(_COMPLETE, 0)


class Blocks(_Rom):
    """Where the partition is a block device."""

    def __init__(self, device):
        super().__init__(device)
        self._device = device
        self._block = device.ioctl(_BLOCK_SIZE, 0)
        self.size = min(self.size, device.ioctl(_BLOCKS, 0) * self._block)

    def erase(self, length, tick):
        """As Memory.erase()."""
        for block in range(-(-length // self._block)):
            _check(self._device.ioctl(_ERASE, block))
            tick()

    def write(self, at, page):
        """As Memory.write(); one block at a time, as not all ports take more."""
        step = min(_PIECE, self._block)
        for done in range(0, len(page), step):
            block, offset = (at + done) // self._block, (at + done) % self._block
            _check(self._device.writeblocks(block, memoryview(page)[done : done + step], offset))

    def complete(self):
        """Nothing to do."""


def _check(answer):
    """The operations return a negative errno; preparing returns the least that can be written."""
    if answer is not None and answer < 0:
        raise OSError(-answer)
