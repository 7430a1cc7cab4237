"""Staging on what is no flash of the board's own: an SD card, a serial NOR chip, a module's device."""

import sys

import rig
from check import Random, raises
from notedfu.errors import LocalError
from notedfu.flashstage import FlashStage
from notedfu.journal import IDLE
from notedfu.port import regions
from notedfu.port.sectors import Sectors
from scratch import Scratch
from virtual import VirtualTime

HERE = __file__.rsplit("/", 1)[0]
sys.path.append(HERE.rsplit("/", 1)[0] + "/examples/staging")

import nor_staging  # noqa: E402

IMAGE = Random(21).bytes(3 * 4096 + 1500)


class PowerCut(BaseException):
    """The power fails."""


class Card:
    """An SD card: whole sectors, no offset, no erase. answers: (what is well, what is not); a cut tears."""

    def __init__(self, sectors=64, well=None, fault=None):
        self.data = bytearray(Random(4).bytes(sectors * 512))
        self.writes = 0
        self.cut_at = 0
        self.broken = -1
        self._answers = (well, fault)

    def readblocks(self, number, buf):
        assert len(buf) == 512 and 0 <= number and (number + 1) * 512 <= len(self.data)
        buf[:] = self.data[number * 512 : (number + 1) * 512]
        return self._answers[0]

    def writeblocks(self, number, buf):
        assert len(buf) == 512 and 0 <= number and (number + 1) * 512 <= len(self.data)
        self.writes += 1
        torn = 200 if self.writes == self.cut_at else 512
        if number != self.broken:
            self.data[number * 512 : number * 512 + torn] = buf[:torn]
        if self.writes == self.cut_at:
            raise PowerCut()
        return self._answers[1 if number == self.broken else 0]

    def ioctl(self, op, arg):
        return {4: len(self.data) // 512, 5: 512}.get(op)


def on(device):
    return FlashStage(device, VirtualTime().clock())


def stage(device, fresh=True):
    """As the updater does: what is there already is not fetched again. Returns where it began."""
    one = on(device)
    have = 0 if fresh else one.resume(len(IMAGE))
    assert content(one, have) == IMAGE[:have]
    if not have:
        one.begin(len(IMAGE))
    for at in range(have, len(IMAGE), 1024):
        one.append(memoryview(IMAGE)[at : at + 1024])
    one.commit()
    return have


def content(one, length):
    data = bytearray(length)
    for at in range(0, length, 500):
        one.readinto(at, memoryview(data)[at : at + 500])
    return data


def test_an_image_goes_onto_a_card_whatever_its_driver_answers():
    for well in (None, 0, True):
        card = Card(well=well)
        before = bytes(card.data[:1024]), bytes(card.data[50 * 512 :])
        device = Sectors(card, 2, 48)
        assert on(device).capacity == 5 * 4096
        stage(device)
        assert content(on(device), len(IMAGE)) == IMAGE
        assert (bytes(card.data[:1024]), bytes(card.data[50 * 512 :])) == before, "only its own sectors"
    assert on(Sectors(Card(), 8)).capacity == 6 * 4096

    class Counted(Card):
        ioctl = None

        def count(self):
            return 64

    assert on(Sectors(Counted())).capacity == 7 * 4096


def test_a_sector_that_is_not_written_is_noticed_whatever_the_driver_says():
    for well, fault in ((True, False), (None, -5), (0, 1), (None, None)):
        card = Card(well=well, fault=fault)
        card.broken = 9
        raises(LocalError, stage, Sectors(card))


def test_a_cut_in_a_write_to_a_card_loses_a_block_or_two():
    card = Card()
    stage(Sectors(card))
    writes, old = card.writes, bytes(Card().data)
    began = set()
    for at in range(1, writes + 1, 3):
        card = Card()
        card.data[:] = old
        card.cut_at = at
        raises(PowerCut, stage, Sectors(card))
        card.cut_at = 0
        began.add(stage(Sectors(card), at < 20))
        assert content(on(Sectors(card)), len(IMAGE)) == IMAGE, at
    assert began == {0, 4096, 2 * 4096, 3 * 4096}, began


class Chip:
    """A W25Q at the level of its commands, as a machine.SPI and a chip select of their own; strict."""

    def __init__(self, blocks=8):
        self.data = bytearray(Random(6).bytes(blocks * 4096))
        self.changes = 0
        self.cut_at = 0
        self._enabled = False
        self._busy = 0
        self._bytes = None

    def cs(self, level):
        if level == 0:
            assert self._bytes is None, "selected already"
            self._bytes = bytearray()
            return
        data, self._bytes = self._bytes, None
        if data[0] == 0x06:
            self._enabled = True
        elif data[0] in (0x02, 0x20):
            assert self._enabled and not self._busy, "a change without write enable, or while busy"
            self._enabled = False
            self._change(data[0], self._at(data), data[4:])
            self._busy = 2

    def write(self, buf):
        self._bytes.extend(buf)

    def readinto(self, buf):
        command = self._bytes[0]
        if command == 0x05:
            buf[0] = 1 if self._busy else 0
            self._busy = max(0, self._busy - 1)
            return
        assert command == 0x03 and not self._busy
        at = self._at(self._bytes)
        buf[:] = self.data[at : at + len(buf)]

    @staticmethod
    def _at(data):
        assert len(data) >= 4
        return data[1] << 16 | data[2] << 8 | data[3]

    def _change(self, command, at, data):
        self.changes += 1
        torn = self.changes == self.cut_at
        if command == 0x20:
            assert at % 4096 == 0 and not data
            size = 1000 if torn else 4096
            self.data[at : at + size] = b"\xff" * size
        else:
            assert data and at % 256 + len(data) <= 256, "it would wrap within the page"
            for i in range(len(data) // 2 if torn else len(data)):
                assert self.data[at + i] == 0xFF, "not erased"
                self.data[at + i] = data[i]
        if torn:
            raise PowerCut()


class Ticks:
    """The module time, as the driver uses it."""

    ticks_ms = staticmethod(lambda: 0)
    ticks_diff = staticmethod(lambda a, b: a - b)
    sleep_ms = staticmethod(lambda ms: None)


def nor_on(chip):
    nor_staging.time = Ticks
    return nor_staging.SerialNor(chip, chip.cs, 1, 6)


def test_an_image_goes_onto_a_serial_nor_chip():
    chip = Chip()
    before = bytes(chip.data[:4096]), bytes(chip.data[7 * 4096 :])
    stage(nor_on(chip))
    assert content(on(nor_on(chip)), len(IMAGE)) == IMAGE
    assert (bytes(chip.data[:4096]), bytes(chip.data[7 * 4096 :])) == before


def test_a_cut_in_a_change_of_a_serial_nor_chip_loses_a_block_or_two():
    chip = Chip()
    stage(nor_on(chip))
    changes = chip.changes
    for at in range(1, changes + 1, 3):
        chip = Chip()
        chip.cut_at = at
        raises(PowerCut, stage, nor_on(chip))
        again = Chip()
        again.data = chip.data
        stage(nor_on(again), at < 3)
        assert content(on(nor_on(again)), len(IMAGE)) == IMAGE, at


def test_a_module_of_the_boards_own_brings_the_device():
    class Module:
        @staticmethod
        def region(settings):
            return Sectors(Card())

    class Settings:
        staging_module = "board_media"

    sys.modules["board_media"] = Module
    try:
        assert on(regions.region(Settings)).capacity == 7 * 4096
    finally:
        sys.modules.pop("board_media")
    assert raises(LocalError, regions.region, Settings).code == "no-region"


def test_whatever_a_module_of_the_boards_own_raises_is_no_region():
    class Module:
        @staticmethod
        def region(settings):
            raise errors[-1]

    class Settings:
        staging_module = "board_media"

    sys.modules["board_media"] = Module
    try:
        for error in (RuntimeError("no pull-up on the bus"), TypeError("a bug"), OSError(19)):
            errors = [error]
            assert raises(LocalError, regions.region, Settings).code == "no-region"
        errors = [MemoryError()]
        raises(MemoryError, regions.region, Settings)
    finally:
        sys.modules.pop("board_media")


def test_a_whole_update_is_staged_on_a_card():
    with Scratch() as folder:
        device = rig.Rig(folder, settings={"staging": "flash"})
        device.region = Sectors(Card(256))
        device.install_first("1.0.0")
        rig.BEHAVIOUR["1.0.0"] = rig.stay
        rig.BEHAVIOUR["2.0.0"] = rig.confirm_and_stay
        device.offer(rig.app_image("2.0.0"))
        while device.boot() == "reset":
            pass
        assert device.journal().state == IDLE and rig.RUNS[-1] == "2.0.0"
        assert device.complaints == []
