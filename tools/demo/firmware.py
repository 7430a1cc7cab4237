"""Scenarios of boards whose firmware comes from Notehub too: two OTA slots, or CircuitPython's dualbank."""

from pathlib import Path

from tools.board import firmware
from tools.board.device.bootloader import ABORTED, VALID, Bootloader
from tools.board.device.esp32 import ota_layout
from tools.demo.scenarios import Scenario
from tools.flash.nor import NorFlash
from tools.flash.store import FileStore

BOARD = "esp32-ota"
DUALBANK = "circuitpython-dualbank"

_APP = """import time

from esp32 import Partition

GOOD = %r  # firmwares on which it calls itself well


def firmware():
    start = bytearray(96)
    Partition(Partition.RUNNING).readblocks(0, start, 0)
    return bytes(start[48:80]).split(b"\\0")[0].decode()  # esp_app_desc_t.version


def main(dfu):
    print("app", firmware())
    while True:
        if firmware() in GOOD:
            dfu.confirm()
        dfu.poll(budget_ms=200)
        if not dfu.busy:
            time.sleep(0.2)
"""


_DUALBANK_APP = """import os
import time

GOOD = %r  # firmwares on which it calls itself well


def main(dfu):
    print("app", os.uname().release)
    while True:
        if os.uname().release in GOOD:
            dfu.confirm()
        dfu.poll(budget_ms=200)
        if not dfu.busy:
            time.sleep(0.2)
"""


def bootloader(world):
    """The board's, to be asked while the board is off."""
    nor = NorFlash(FileStore(open(world.flash_file, "r+b", buffering=0), world.geometry.size))
    return Bootloader(nor, *ota_layout(nor.block_count, world.geometry.fs_blocks), world.kind.chip)


class Firmware(Scenario):
    """The app is the old one's, taken along. It prints the version of the firmware that it runs on."""

    name = "firmware"
    about = "a good update of the firmware, the app comes along"
    board = BOARD
    good = ("1.0.0", "2.0.0")
    state = VALID  # of the new firmware, in otadata, at the end
    project = "micropython"

    def change_first(self, app):
        (Path(app) / "app.py").write_text(_APP % (self.good,))

    def new_image(self, workshop, version):
        data = firmware.made(version, size=100000, project=self.project)
        return workshop.firmware(version, data, self.signer)

    def look(self, world):
        """What the bootloader says at the end, the board being off."""
        found = bootloader(world)
        return {"firmware": {"states": [found.state(slot) for slot in (0, 1)], "next": found.selected()}}

    def wrong(self, result):
        found = result["firmware"]
        wanted = 1 if self.state == VALID else 0
        if found["states"][1] != self.state or found["next"] != wanted:
            return ["the bootloader has %s" % found]
        return []


class Rollback(Firmware):
    """It runs, and nobody confirms it: the next reset brings the old one back."""

    name = "rollback"
    about = "a firmware that is never confirmed: the bootloader goes back"
    result = "reverted"
    code = "rolled-back"
    good = ("1.0.0",)
    state = ABORTED
    settings = {"trial_s": 10}


class RefusesMpy(Rollback):
    """The updater's own modules do not load: main.py resets after a minute, and the old firmware is back."""

    name = "mpy"
    about = "a firmware whose interpreter takes none of the updater's .mpy"
    good = Firmware.good
    project = firmware.REFUSES_MPY
    settings = {}
    timeout_s = 150


class WrongChip(Firmware):
    name = "chip"
    about = "a firmware for another chip"
    result = "refused"
    code = "wrong-chip"
    downloaded = False
    state = None

    def new_image(self, workshop, version):
        return workshop.firmware(version, firmware.made(version, chip=firmware.ESP32_S3), self.signer)


class Dualbank(Firmware):
    """CircuitPython's way. The updater's boot.py chooses the firmware, as the bootloader does not go back."""

    name = "dualbank"
    about = "a good update of CircuitPython itself, the app comes along"
    board = DUALBANK
    limits = ("no rollback by the bootloader", "nothing read back", "no resume while it is written")

    def change_first(self, app):
        (Path(app) / "app.py").write_text(_DUALBANK_APP % (self.good,))

    def new_image(self, workshop, version):
        return workshop.firmware(version, firmware.made(version, 100000, firmware.ESP32_S3), self.signer)

    def look(self, world):
        return dict(super().look(world), limits=self.limits)

    def wrong(self, result):
        wanted = 1 if self.result == "confirmed" else 0
        found = result["firmware"]["next"]
        return [] if found == wanted else ["firmware %d starts next, not %d" % (found, wanted)]


class DualbankBack(Dualbank):
    """Its runs on trial are counted by the new firmware's own boot.py, which switches back."""

    name = "dualbank-back"
    about = "a CircuitPython that is never confirmed: its own boot.py goes back"
    result = "reverted"
    code = "trial-failed"
    good = ("1.0.0",)
    settings = {"trial_s": 10, "trial_runs": 2}


FIRMWARE = (Firmware, Rollback)
DUALBANKS = (Dualbank, DualbankBack)
BY_HAND = (WrongChip, RefusesMpy)  # not in --all: the first is in other tests, the second waits for a minute
IN_PLACE_OF = {  # on such boards
    BOARD: {"update": "firmware", "revert": "rollback"},
    DUALBANK: {"update": "dualbank", "revert": "dualbank-back"},
}
