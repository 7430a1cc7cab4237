"""A board's filesystem on the NOR model, for tests that cut its power; MicroPython only."""

import gc
import os

import vfs

import rig
from notedfu.journal import IDLE
from tools.flash.blockdev import BlockDevice, FatDevice
from tools.flash.cut import HOWS, Cut, PowerCut
from tools.flash.nor import NorFlash
from tools.flash.store import MemoryStore

ROOT = "/flash"


class Lfs:
    """LittleFS, as MicroPython's boards have it."""

    @staticmethod
    def format(nor):
        vfs.VfsLfs2.mkfs(BlockDevice(nor), progsize=nor.program_unit)

    @staticmethod
    def filesystem(nor):
        return vfs.VfsLfs2(BlockDevice(nor), progsize=nor.program_unit)


class Fat:
    """FAT in sectors of 512 bytes, as CircuitPython's boards have it."""

    @staticmethod
    def format(nor):
        device = FatDevice(nor)
        vfs.VfsFat.mkfs(device)
        device.ioctl(3, 0)

    @staticmethod
    def filesystem(nor):
        return vfs.VfsFat(FatDevice(nor))


class Board:
    """Flash that outlives its boots. geometry: (erase block, program unit, number of blocks)."""

    def __init__(self, kind, geometry):
        self._kind = kind
        self._block, self._unit, count = geometry
        self.store = MemoryStore(bytearray(self._block * count))
        kind.format(self._chip())

    def _chip(self):
        return NorFlash(self.store, self._block, self._unit)

    def run(self, work, cut=None):
        """Boot, call work(), power off. Returns (the chip, what work() returned or None if the cut came).

        Raises OSError if the filesystem does not mount, and what work() raises while there was power.
        """
        nor = self._chip()
        result = None
        vfs.mount(self._kind.filesystem(nor), ROOT)
        nor.cut = cut
        try:
            result = work()
        except (PowerCut, Exception):
            if not nor.dead:
                raise
        finally:
            vfs.umount(ROOT)
            nor.power_off()
        assert nor.violation is None, nor.violation
        gc.collect()
        return nor, result

    def cuts(self, work, ways=5):
        """Run work() with a cut at each operation, in so many ways; yields what was done, as text.

        Each time flash holds first what it holds now. With less than all ways they take turns.
        """
        before = self.store.snapshot()
        operations = self.run(work)[0].operations
        assert operations
        for at in range(1, operations + 1):
            for way in range(ways):
                number = (at - 1 + way) % len(HOWS)
                how = HOWS[number]
                self.store.restore(before)
                nor = self.run(work, Cut(at, how, number + at))[0]
                assert nor.dead
                yield "cut %d of %d, %s" % (at, operations, how)


def fill():
    """Fill the filesystem to its last byte."""
    size, number = 4096, 0
    while size:
        try:
            with open("%s/fill%d" % (ROOT, number), "wb") as file:
                file.write(b"f" * size)
            number += 1
        except OSError:
            try:
                os.remove("%s/fill%d" % (ROOT, number))
            except OSError:
                pass  # there was no room even for its name
            size //= 2


class Whole:
    """A rig over a board's whole flash, whose updates are cut.

    What is one has `device`, `store`, `nor`, boot(cut), and look(): the journal as it lies there.
    """

    _BOOTS = 10

    def settle(self):
        """Boot until an app has run through; returns the journal then."""
        for _ in range(self._BOOTS):
            before = len(rig.RUNS)
            if self.boot() == "power" and len(rig.RUNS) > before:
                journal = self.look()
                if journal.state == IDLE:
                    return journal
        raise AssertionError("no end in %d boots: %s" % (self._BOOTS, self.device.said[-6:]))

    def until(self, state):
        for _ in range(self._BOOTS):
            self.boot()
            if self.look().state == state:
                return
        raise AssertionError("no state %d: %s" % (state, self.device.said[-6:]))

    def cuts(self, judge, step=1, ways=1, prepare=lambda: None):
        """Cut at each operation of the next boot, or one of `step`; judge(self) looks at what comes of it.

        With less than all ways they take turns. Returns the number of operations.
        """
        before = self.store.snapshot()
        self.boot()
        operations = self.nor.operations
        assert operations > 3
        for at, how in [
            (at, HOWS[(at + way) % len(HOWS)]) for at in range(1, operations + 1, step) for way in range(ways)
        ]:
            self.store.restore(before)
            prepare()
            self.boot(Cut(at, how, at))
            try:
                judge(self)
            except BaseException:
                print("cut %d of %d, %s" % (at, operations, how), self.device.said[-6:])
                raise
        self.store.restore(before)
        return operations


class OnChip(Whole):
    """One whose filesystem, LittleFS, lies in front on the chip, and something else behind it.

    blocks: of the chip, fs: of the filesystem. What is one says in power_up(nor) what the board's modules
    stand on, before anything is mounted.
    """

    _UNIT = 256
    _RUN_S = 30

    def __init__(self, blocks, fs, more=()):
        """more: (byte, data) that lies in flash from the start."""
        self._fs = fs
        self.store = MemoryStore(bytearray(b"\xff" * (blocks * 4096)))
        for at, data in more:
            self.store.write(at, data)
        vfs.VfsLfs2.mkfs(BlockDevice(self._chip(), 0, fs), progsize=self._UNIT)
        self.device = None
        self.on(self.install)

    def _chip(self):
        self.nor = NorFlash(self.store, 4096, self._UNIT)
        return self.nor

    def on(self, work, cut=None):
        """Power, mount, work(), power off; what work() returned, None where a cut came."""
        nor = self._chip()
        nor.cut = cut
        result = None
        mounted = False
        try:
            self.power_up(nor)
            vfs.mount(vfs.VfsLfs2(BlockDevice(nor, 0, self._fs), progsize=self._UNIT), ROOT)
            mounted = True
            result = work()
        except (PowerCut, Exception):
            if not nor.dead:
                raise
        finally:
            if mounted:
                vfs.umount(ROOT)
            nor.power_off()
        assert nor.violation is None, nor.violation
        gc.collect()
        return result

    def boot(self, cut=None):
        """One boot of the device; returns how it ended, or None by the cut."""

        def work():
            self.device.region = self.region()
            return self.device.boot(self._RUN_S)

        return self.on(work, cut)

    def look(self):
        """The journal, by a look that is no boot: no bootloader must see a reset."""
        nor = self._chip()
        vfs.mount(vfs.VfsLfs2(BlockDevice(nor, 0, self._fs), progsize=self._UNIT), ROOT)
        try:
            return self.device.journal()
        finally:
            vfs.umount(ROOT)
            nor.power_off()
