"""Each port's flash, as strict as its own source has it, and staging on all of them."""

import sys

from check import Random, code_of, raises
from notedfu.errors import LocalError
from notedfu.flashstage import FlashStage
from notedfu.port import regions
from notedfu.settings import Settings
from tools.board.device import esp32, pyb, rp2, samd
from tools.flash.cut import HOWS, Cut, PowerCut
from tools.flash.nor import FlashViolation, NorFlash
from tools.flash.store import MemoryStore
from virtual import VirtualTime


class Os:
    """os.statvfs() of a board whose filesystem, mounted at `point`, has `blocks` of 4096 bytes."""

    def __init__(self, point, blocks):
        self._point = point
        self._blocks = blocks

    def statvfs(self, path):
        if path != self._point:
            raise OSError(2)
        return (4096, 4096, self._blocks, 0, 0, 0, 0, 0, 0, 255)


_FS = 4  # blocks in front, the filesystem's
_BLOCKS = 16
_LENGTH = (_BLOCKS - _FS) * 4096


def chip():
    return NorFlash(bytearray(b"\xff" * (_BLOCKS * 4096)))


def devices(nor):
    """Name and block device of each, over the same chip; the filesystem's blocks are not theirs."""
    esp32.install(nor, _FS, False)
    yield "esp32", esp32.Partition.find(esp32.Partition.TYPE_DATA, label="staging")[0]
    esp32.install(nor, _FS, True)
    yield "esp32-slots", esp32.Partition(esp32.Partition.RUNNING).get_next_update()
    rp2.install(nor)
    yield "rp2", rp2.Flash(start=_FS * 4096, len=_LENGTH)
    pyb.install(nor)
    yield "stm32", pyb.Flash(start=_FS * 4096, len=_LENGTH)


def append_pages(stage, count):
    page = memoryview(bytes(4096))
    for _ in range(count):
        stage.append(page)


def test_staging_works_on_each_and_touches_nothing_else():
    image = Random(7).bytes(3 * 4096 + 100)
    nor = chip()
    for name, device in devices(nor):
        stage = FlashStage(device, VirtualTime().clock())
        assert stage.capacity == _LENGTH - 4096, name
        stage.begin(len(image))
        for at in range(0, len(image), 4096):
            stage.append(memoryview(image)[at : at + 4096])
        stage.commit()
        back = bytearray(len(image))
        stage.readinto(0, memoryview(back))
        assert back == image, name
        assert sum(list(nor.erases)[:_FS]) == 0, name


_IMAGE = Random(8).bytes(3 * 4096 + 700)


def stage_image(device, fresh):
    """Stage what is missing of the image, as the updater does. Returns where it began."""
    stage = FlashStage(device, VirtualTime().clock())
    have = 0 if fresh else stage.resume(len(_IMAGE))
    back = bytearray(have)
    stage.readinto(0, memoryview(back))
    assert back == _IMAGE[:have]
    if not have:
        stage.begin(len(_IMAGE))
    for at in range(have, len(_IMAGE), 1024):
        stage.append(memoryview(_IMAGE)[at : at + 1024])
    stage.commit()
    return have


def test_power_may_fail_at_each_operation_on_each():
    filled = MemoryStore(bytearray(Random(9).bytes(_BLOCKS * 4096)))  # an older image
    before = filled.snapshot()
    for number in range(len(list(devices(chip())))):
        filled.restore(before)
        nor = NorFlash(filled)
        stage_image(list(devices(nor))[number][1], True)
        began = set()
        for at in range(1, nor.operations + 1):
            filled.restore(before)
            dying = NorFlash(filled)
            dying.cut = Cut(at, HOWS[at % len(HOWS)], at)
            try:
                stage_image(list(devices(dying))[number][1], True)
            except (PowerCut, LocalError, OSError):
                pass
            assert dying.dead and dying.violation is None
            alive = NorFlash(filled)
            name, device = list(devices(alive))[number]
            began.add(stage_image(device, at <= 2))  # until begin() is through, the journal names no image
            back = bytearray(len(_IMAGE))
            FlashStage(device, VirtualTime().clock()).readinto(0, memoryview(back))
            assert back == _IMAGE, (name, at)
            assert alive.violation is None and sum(list(alive.erases)[:_FS]) == 0
        assert began >= {0, 4096, 2 * 4096}, name


def test_a_block_that_can_not_be_erased_is_an_error_on_each():
    nor = chip()
    for name, device in devices(nor):
        nor.bad_blocks = set()
        stage = FlashStage(device, VirtualTime().clock())
        stage.begin(5 * 4096)
        nor.bad_blocks = {_FS + 2}
        assert code_of(LocalError, append_pages, stage, 3) == "flash-fault", name


def test_a_region_in_which_the_filesystem_lies_is_refused_and_not_erased():
    settings = Settings()
    settings.staging_start, settings.staging_length = _FS * 4096, _LENGTH
    before = regions.os
    try:
        for name, module, point in (("rp2", rp2, "/"), ("pyb", pyb, "/flash")):
            module.install(chip())
            sys.modules[name] = module
            for blocks in (0, _FS, 1 << 20):  # the last one is an SD card's
                regions.os = Os(point, blocks)
                assert regions.region(settings).ioctl(4, 0)
            for blocks in (_FS + 1, _BLOCKS):  # stock firmware: all of it
                regions.os = Os(point, blocks)
                assert code_of(LocalError, regions.region, settings) == "no-region", name
            del sys.modules[name]
    finally:
        regions.os = before


def test_a_partition_that_is_not_the_users_own_is_no_region():
    settings = Settings()
    sys.modules["esp32"] = esp32
    try:
        esp32.install(chip(), _FS, False)
        assert regions.region(settings).info()[4] == "staging"
        settings.staging_partition = "vfs"  # where the files lie
        assert code_of(LocalError, regions.region, settings) == "no-region"
    finally:
        del sys.modules["esp32"]


def test_esp32_raises_and_knows_its_partitions():
    esp32.install(chip(), _FS, False)
    assert esp32.Partition.find() != [] and esp32.Partition.find(label="staging") == []  # TYPE_APP by default
    one = esp32.Partition("staging")
    raises(OSError, one.readblocks, _BLOCKS, bytearray(16), 0)
    raises(OSError, one.ioctl, 6, -1)
    raises(OSError, one.writeblocks, 0, bytes(100))
    raises(OSError, esp32.Partition, "none")
    raises(OSError, esp32.Partition(esp32.Partition.RUNNING).get_next_update)
    esp32.install(chip(), _FS, True)
    slot = esp32.Partition(esp32.Partition.RUNNING).get_next_update()
    raises(OSError, slot.set_boot)  # nothing that begins as an app
    slot.writeblocks(0, b"\xe9" + bytes(4095))
    slot.set_boot()


def test_stm32_returns_its_errors_and_has_sectors_until_it_is_told():
    pyb.install(chip())
    one = pyb.Flash(start=_FS * 4096, len=_LENGTH)
    assert (one.ioctl(5, 0), one.ioctl(4, 0)) == (512, _LENGTH // 512)
    one.ioctl(1, 1)
    assert (one.ioctl(5, 0), one.ioctl(4, 0)) == (4096, _LENGTH // 4096)
    assert one.readblocks(_BLOCKS, bytearray(16), 0) < 0
    assert one.ioctl(6, _BLOCKS) < 0
    raises(ValueError, lambda: pyb.Flash(start=100, len=4096))


def test_rp2_reports_nothing():
    nor = chip()
    rp2.install(nor)
    one = rp2.Flash(start=_FS * 4096, len=_LENGTH)
    nor.bad_blocks = {_FS}
    assert one.writeblocks(0, bytes(256), 0) is None


def test_samd_erases_one_block_whatever_it_is_given_and_staging_does_not_rely_on_it():
    nor = chip()
    samd.install(nor)
    one = samd.Flash()
    stage = FlashStage(one, VirtualTime().clock())
    for _ in range(2):  # the second image comes where the first one lies
        assert stage_image(one, fresh=True) == 0
        back = bytearray(len(_IMAGE))
        stage.readinto(0, memoryview(back))
        assert back == _IMAGE
    raises(FlashViolation, lambda: one.writeblocks(0, bytes(2 * 4096)))
    assert nor.violation
