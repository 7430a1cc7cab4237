"""Power fails at each flash operation of a firmware's update: the old or the new one starts, whole."""

import sys

from boards import ROOT, OnChip

import ota
import rig
from notedfu.journal import PENDING, TRIAL
from tools.board import firmware
from tools.board.device import esp32

OLD, NEW, APP = "1.0.0", "2.0.0", "1.0.0"
_FS = 80  # blocks
_SLOT = 6  # blocks, room for a firmware of four pages
_BLOCKS = _FS + 2 + 2 * _SLOT


class Board(OnChip):
    """A whole ESP32: LittleFS, otadata and two OTA slots on one chip, and a rig over it."""

    def __init__(self, settings):
        self._settings = settings
        self.brings_app = settings is ota.IN_FILE
        super().__init__(_BLOCKS, _FS, [((_FS + 2) * 4096, firmware.made(OLD, 14000))])

    def power_up(self, nor):
        self.bootloader = esp32.install_ota(nor, _FS, True)

    def install(self):
        self.device = rig.Rig(ROOT, settings=dict(self._settings, swap_tries=9))
        self.device.banks = self._banks
        rig.BEHAVIOUR[APP] = rig.BEHAVIOUR[NEW] = rig.confirm_and_stay
        self.device.install_first(APP)

    @staticmethod
    def region():
        return esp32.Partition(esp32.Partition.RUNNING).get_next_update()

    @staticmethod
    def _banks():
        from notedfu.port.banks import Banks

        return Banks()

    def running(self):
        """The version of the firmware that ran last."""
        start = bytearray(112)
        first = esp32.ota_layout(_BLOCKS, _FS)[1][self.bootloader.running][0]
        self.store.readinto(first * 4096, memoryview(start))
        return firmware.version_in(start)


def board(settings):
    sys.modules["esp32"] = esp32
    made = Board(settings)
    offer(made)
    return made


def offer(made):
    """With staging in a file it is a firmware with an app, else one alone."""
    bin = firmware.made(NEW, 14000)
    if made.brings_app:
        made.device.offer(ota.both(NEW, rig.app_files(NEW), bin))
    else:
        made.device.offer(ota.image(NEW, bin))


def is_new(made):
    journal = made.settle()
    assert (made.running(), journal.active) == (NEW, 2), (made.running(), journal.active)
    made.boot()
    assert rig.RUNS[-1] == (NEW if made.brings_app else APP)
    assert made.running() == NEW, "for good"


def is_either(made):
    journal = made.settle()
    assert (made.running(), journal.active) in ((NEW, 2), (OLD, 1)), (made.running(), journal.active)
    before = made.running()
    made.boot()
    assert rig.RUNS[-1] == (NEW if made.brings_app and before == NEW else APP)
    assert made.running() == before, "for good"


def test_a_cut_in_the_swap_ends_in_the_new_firmware():
    for settings in (ota.IN_SLOT, ota.IN_FILE):
        made = board(settings)
        made.until(PENDING)
        made.cuts(is_new, step=1 if settings is ota.IN_SLOT else 3)


def test_a_cut_in_the_trial_and_its_confirmation_ends_in_either():
    for settings in (ota.IN_SLOT, ota.IN_FILE):
        made = board(settings)
        made.until(TRIAL)
        made.cuts(is_either, ways=5 if settings is ota.IN_SLOT else 1)


def test_a_cut_while_it_comes_ends_in_the_new_firmware():
    made = board(ota.IN_SLOT)
    made.cuts(is_new, step=7, prepare=lambda: offer(made))
