"""The flash geometries and filesystems of the proof."""

import micropython
import vfs

from tools.flash.blockdev import BlockDevice, FatDevice
from tools.flash.nor import NorFlash
from tools.flash.store import MemoryStore

_LONG, _LONG_REGION = 112 * 4096, 18 * 4096


class QuickDevice(BlockDevice):
    """A BlockDevice with a short way for what is asked most: a read, within bounds, of settled bits."""

    def __init__(self, nor, first, count):
        super().__init__(nor, first, count)
        self._begin = first * nor.erase_block
        self._length = count * nor.erase_block
        self._seek, self._readinto = nor.store.quick()
        self._shaky = nor.store.shaky

    @micropython.native
    def readblocks(self, block, buf, offset=0):
        at = block * self._size + offset
        end = at + len(buf)
        if offset < 0 or at < 0 or end > self._length or self._nor.dead:
            return self._slow(block, buf, offset)
        at += self._begin
        if at < self._shaky[1] and self._shaky[0] < end + self._begin:
            return self._slow(block, buf, offset)
        self._seek(at)
        self._readinto(buf)
        return 0

    def _slow(self, block, buf, offset):
        return super().readblocks(block, buf, offset)


class Geometry:
    """A chip: erase block and program unit in bytes, blocks of the filesystem, blocks of the raw region.

    read: what LittleFS reads at least, in bytes. It has no part in what is written but by the cache, which is
    four times this or the program unit, whichever is more.
    """

    def __init__(self, name, kind, block, unit, blocks, region, read=32):
        self.name = name
        self.kind = kind
        self.block = block
        self.unit = unit
        self.blocks = blocks
        self.region = region
        self.read = read

    def long(self):
        """The same with room for an image of 64 KiB."""
        blocks, region = _LONG // self.block, _LONG_REGION // self.block
        return Geometry(self.name, self.kind, self.block, self.unit, blocks, region, self.read)

    def blank(self):
        """A new chip's Store, formatted."""
        store = MemoryStore(b"\xff" * (self.block * (self.blocks + self.region)))
        nor = self.chip(store)
        if self.kind == "lfs":
            vfs.VfsLfs2.mkfs(BlockDevice(nor, 0, self.blocks), readsize=self.read, progsize=self.unit)
        else:
            device = FatDevice(nor, 0, self.blocks)
            vfs.VfsFat.mkfs(device)
            device.ioctl(3, 0)
        nor.power_off()
        return store

    def chip(self, store):
        """The chip over `store`, from power-up to power-down."""
        return NorFlash(store, self.block, self.unit)

    def mount(self, nor, path):
        """Mount the filesystem; OSError if it does not mount."""
        device = self.device(nor)
        if self.kind == "lfs":
            device = vfs.VfsLfs2(device, readsize=self.read, progsize=self.unit)
        else:
            device = vfs.VfsFat(device)
        vfs.mount(device, path)

    def device(self, nor):
        """The block device that the filesystem lies on."""
        return (QuickDevice if self.kind == "lfs" else FatDevice)(nor, 0, self.blocks)

    def look(self, device, path):
        """Mount `device` for who only reads, and reads much at a time; OSError if it does not mount."""
        if self.kind == "lfs":
            device = vfs.VfsLfs2(device, readsize=self.block, progsize=self.block)
        else:
            device = vfs.VfsFat(device)
        vfs.mount(device, path, readonly=True)

    def raw(self, nor):
        """The raw region, as a block device."""
        return BlockDevice(nor, self.blocks, self.region)


GEOMETRIES = (
    Geometry("lfs-256", "lfs", 4096, 256, 76, 4, 256),  # rp2, samd
    Geometry("lfs-16", "lfs", 4096, 16, 76, 4),  # an esp32 mounts with 32, an stm32 programs 8 or 16
    Geometry("lfs-tiny", "lfs", 512, 16, 112, 12, 64),  # for exhaustive pairs
    Geometry("fat-256", "fat", 4096, 256, 48, 4),  # CircuitPython's own flash: eight sectors in a block
    Geometry("fat-512", "fat", 512, 256, 288, 12),  # each sector by itself, as on a card
)


def geometry(name):
    """The geometry called `name`."""
    for one in GEOMETRIES:
        if one.name == name:
            return one
    raise ValueError("no such geometry: " + name)
