"""Power fails in whole updates that are staged as an ESP32 or an STM32 does it: the old app or the new one.

esp32.Partition, by its label or as the inactive OTA slot, raises its errors and checks its bounds; pyb.Flash
returns them, and counts its blocks natively only when it is told to. The staging alone is cut in
test_board_flash.py, what the swap does on other media in `make powerloss`.
"""

import sys

from boards import ROOT, OnChip

import rig
from notedfu.journal import PENDING, TRIAL
from tools.board.device import esp32, pyb

OLD, NEW = "1.0.0", "2.0.0"
_FS = 64  # blocks
_REGION = 8
_FILL = bytes(range(256)) * 36  # the image has three pages


class Board(OnChip):
    """kind: "esp32", "esp32-slots" or "stm32"; with an app, and a better one on the Notecard."""

    def __init__(self, kind):
        self.kind = kind
        super().__init__(_FS + _REGION, _FS)
        self.offer()

    def power_up(self, nor):
        if self.kind == "stm32":
            pyb.install(nor)
        else:
            esp32.install(nor, _FS, self.kind == "esp32-slots")

    def install(self):
        self.device = rig.Rig(ROOT, settings={"staging": "flash", "swap_tries": 9})
        rig.BEHAVIOUR[OLD] = rig.BEHAVIOUR[NEW] = rig.confirm_and_stay
        self.device.install_first(OLD)

    def region(self):
        """As port/regions.py finds it by the settings of the board's page."""
        from notedfu.port.regions import region
        from notedfu.settings import Settings

        settings = Settings()
        settings.staging_partition = "ota" if self.kind == "esp32-slots" else "staging"
        settings.staging_start, settings.staging_length = _FS * 4096, _REGION * 4096
        return region(settings)

    def offer(self):
        self.device.offer(rig.app_image(NEW, more={"fill.bin": _FILL}))


class Modules:
    """The board's module in its place, and the other one's out of the way."""

    def __init__(self, kind):
        self._there = {"esp32": None, "rp2": None, "pyb": None}
        self._there["pyb" if kind == "stm32" else "esp32"] = pyb if kind == "stm32" else esp32

    def __enter__(self):
        self._before = {name: sys.modules.get(name) for name in self._there}
        sys.modules.update(self._there)

    def __exit__(self, *_):
        for name, module in self._before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def is_new(board):
    assert board.settle().active == 2 and rig.RUNS[-1] == NEW
    board.boot()
    assert rig.RUNS[-1] == NEW, "for good"


def is_either(board):
    journal = board.settle()
    expected = {1: OLD, 2: NEW}[journal.active]
    assert rig.RUNS[-1] == expected
    board.boot()
    assert rig.RUNS[-1] == expected, "for good"


def cut_all(kind, step):
    """Every phase of a whole update; `step` is that of the download, where most operations are alike."""
    with Modules(kind):
        board = Board(kind)
        cut = board.cuts(is_new, step=step, prepare=board.offer)
        board.offer()
        board.until(PENDING)
        cut += board.cuts(is_new, step=2)
        board.until(TRIAL)
        cut += board.cuts(is_either)
        return cut


def test_an_update_through_a_partition_of_its_own():
    assert cut_all("esp32", 3) > 40


def test_an_update_through_the_inactive_ota_slot():
    assert cut_all("esp32-slots", 7) > 40


def test_an_update_through_the_tail_of_pyb_flash():
    assert cut_all("stm32", 3) > 40
