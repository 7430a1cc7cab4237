"""The interpreter's own filesystems on the NOR model, and cuts in the middle of a write."""

import gc
import os

import vfs

from check import raises
from tools.flash.blockdev import BlockDevice, FatDevice
from tools.flash.cut import HOWS, Cut, PowerCut
from tools.flash.nor import FlashViolation, NorFlash
from tools.flash.store import MemoryStore

GEOMETRIES = ((4096, 256, 32), (4096, 16, 16), (1024, 64, 64))


class Lfs:
    """How a board mounts LittleFS."""

    @staticmethod
    def format(nor):
        vfs.VfsLfs2.mkfs(BlockDevice(nor), progsize=nor.program_unit)

    @staticmethod
    def mount(nor):
        vfs.mount(vfs.VfsLfs2(BlockDevice(nor), progsize=nor.program_unit), "/flash")


class Fat:
    """How a board mounts FAT."""

    @staticmethod
    def format(nor):
        device = FatDevice(nor)
        vfs.VfsFat.mkfs(device)
        device.ioctl(3, 0)

    @staticmethod
    def mount(nor):
        vfs.mount(vfs.VfsFat(FatDevice(nor)), "/flash")


def save(name, data):
    with open("/flash/" + name, "wb") as file:
        file.write(data)


def load(name):
    with open("/flash/" + name, "rb") as file:
        return file.read()


def formatted(filesystem, geometry):
    block, unit, count = geometry
    store = MemoryStore(bytearray(block * count))
    nor = NorFlash(store, block, unit)
    filesystem.format(nor)
    filesystem.mount(nor)
    save("old", b"old" * 1000)
    vfs.umount("/flash")
    return store


def work():
    """What is cut: three new files, a rewrite and a removal."""
    for turn in range(3):
        save("new%d" % turn, b"new" * 700)
    save("old", b"OLD" * 1000)
    os.remove("/flash/new1")


def run(filesystem, store, geometry, cut):
    """Boot over `store`, work until `cut`. Returns the chip, dead or through."""
    nor = NorFlash(store, geometry[0], geometry[1])
    nor.cut = cut
    filesystem.mount(nor)
    try:
        work()
    except (PowerCut, OSError):  # a file's __exit__ puts the -5 of the dead chip in its place
        assert nor.dead
    finally:
        vfs.umount("/flash")
    return nor


def test_both_filesystems_keep_what_is_written():
    for geometry in GEOMETRIES:
        for filesystem in (Lfs, Fat):
            store = formatted(filesystem, geometry)
            nor = run(filesystem, store, geometry, None)
            assert nor.operations and not nor.dead and nor.violation is None
            filesystem.mount(NorFlash(store, geometry[0], geometry[1]))
            try:
                assert load("new0") == load("new2") == b"new" * 700
                assert load("old") == b"OLD" * 1000
                assert sorted(os.listdir("/flash")) == ["new0", "new2", "old"]
            finally:
                vfs.umount("/flash")


def check_littlefs(store, geometry):
    Lfs.mount(NorFlash(store, geometry[0], geometry[1]))
    try:
        assert load("old") in (b"old" * 1000, b"OLD" * 1000)
        for name in os.listdir("/flash"):
            if name != "old":
                assert load(name) in (b"", b"new" * 700)
        save("after", b"a" * 3000)
        assert load("after") == b"a" * 3000
    finally:
        vfs.umount("/flash")


def test_littlefs_holds_its_promise_at_every_cut():
    for geometry in GEOMETRIES:
        store = formatted(Lfs, geometry)
        snapshot = store.snapshot()
        clean = run(Lfs, store, geometry, None).operations
        for at in range(1, clean + 1):
            for seed, how in enumerate(HOWS):
                store.restore(snapshot)
                nor = run(Lfs, store, geometry, Cut(at, how, seed + at))
                assert nor.dead and nor.operations == at
                check_littlefs(store, geometry)


def test_fat_mounts_again_or_says_that_it_can_not():
    geometry = GEOMETRIES[0]
    store = formatted(Fat, geometry)
    snapshot = store.snapshot()
    clean = run(Fat, store, geometry, None).operations
    kept = 0
    for at in range(1, clean + 1):
        for seed, how in enumerate(HOWS):
            store.restore(snapshot)
            nor = run(Fat, store, geometry, Cut(at, how, seed + at))
            assert nor.dead
            try:
                Fat.mount(NorFlash(store, geometry[0], geometry[1]))
            except OSError:
                continue
            try:
                kept += load("old") in (b"old" * 1000, b"OLD" * 1000)
            except OSError:
                pass
            finally:
                vfs.umount("/flash")
    assert kept > clean  # most cuts hurt nobody


def abandon(store, geometry):
    """A file left open by a power cut, of which only the collector knows."""
    nor = NorFlash(store, geometry[0], geometry[1])
    Lfs.mount(nor)
    file = open("/flash/torn", "wb")  # noqa: SIM115 - it is to be abandoned
    file.write(b"t" * 5000)
    nor.power_off()
    vfs.umount("/flash")


def test_the_collector_closes_abandoned_files_on_the_dead_chip():
    geometry = GEOMETRIES[0]
    store = formatted(Lfs, geometry)
    kept = store.snapshot()
    abandon(store, geometry)
    after_the_cut = store.snapshot()
    for _ in range(3):
        gc.collect()
    assert store.snapshot() == after_the_cut
    assert kept != after_the_cut
    check_littlefs(store, geometry)


def test_a_filesystem_that_is_mounted_too_coarsely_is_caught():
    store = formatted(Lfs, (4096, 16, 16))
    nor = NorFlash(store, 4096, 256)
    vfs.mount(vfs.VfsLfs2(BlockDevice(nor), progsize=16), "/flash")
    try:
        raises(FlashViolation, work)
        assert "not in units of 256" in nor.violation
    finally:
        nor.power_off()
        vfs.umount("/flash")
