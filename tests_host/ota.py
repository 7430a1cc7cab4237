"""An ESP32 with two OTA slots for the rig: a chip that outlives its boots, and images of firmwares."""

import sys

import images
import rig
import tars
from tools.board import firmware
from tools.board.device import esp32
from tools.flash.nor import NorFlash
from tools.flash.store import MemoryStore

_FS = 1  # blocks in front, which are no filesystem here
_COUNT = 12  # blocks of a slot
BLOCKS = _FS + 2 + 2 * _COUNT
IN_SLOT = {"target": "ota", "staging": "flash", "staging_partition": "ota"}
IN_FILE = {"target": "ota"}


def image(version, bin=None, more=(), size=4096):
    """An image of a firmware; version: "2.0.0"."""
    numbers = tuple(int(part) for part in version.split(".")) + (0,)
    payload = firmware.made(version) if bin is None else bin
    protected = images.usual(numbers, (len(payload), 1), b"esp32") + list(more)
    return images.unsigned(payload, protected, numbers, size)


def both(version, files, bin=None, name=b"firmware.bin"):
    """An image with a firmware and the app `files`; version: "2.0.0"."""
    numbers = tuple(int(part) for part in version.split(".")) + (0,)
    payload = tars.file(name, firmware.made(version) if bin is None else bin)
    payload += tars.of_files(files)
    unpacked = (sum(len(data) for data in files.values()), len(files))
    return images.unsigned(payload, images.usual(numbers, unpacked, b"esp32+slots"), numbers, 4096 - 512)


class Chip:
    """The flash. `bootloader` and `nor` are those of the boot that was last."""

    def __init__(self, running="1.0.0", chip=firmware.ESP32):
        self._chip = chip
        self.store = MemoryStore(bytearray(b"\xff" * (BLOCKS * 4096)))
        self.store.write((_FS + 2) * 4096, firmware.made(running, chip=chip))
        self.cut = None
        self.power_up()

    def power_up(self, hard=True):
        """The bootloader's turn."""
        self.nor = NorFlash(self.store)
        self.nor.cut = self.cut
        self.bootloader = esp32.install_ota(self.nor, _FS, hard, self._chip)

    def version_in(self, slot):
        """The version of the firmware in a slot; "" where there is none that would start."""
        start = bytearray(112)
        self.store.readinto((_FS + 2 + slot * _COUNT) * 4096, memoryview(start))
        return firmware.version_in(start) if self.bootloader.is_image(slot) else ""

    @property
    def running(self):
        """The version that runs."""
        return self.version_in(self.bootloader.running)

    def banks(self):
        """What the port gives."""
        from notedfu.port.banks import Banks

        return Banks()


class Device(rig.Rig):
    """A rig on such a chip; `boot()` goes through the bootloader first."""

    def __init__(self, folder, settings=IN_SLOT, chip=None, **more):
        super().__init__(folder, settings=dict(settings, **more))
        sys.modules["esp32"] = esp32
        self.chip = chip or Chip()
        self.banks = self.chip.banks

    def boot(self, for_s=600, hard=True):
        self.chip.power_up(hard)
        self.region = esp32.Partition(esp32.Partition.RUNNING).get_next_update()
        return super().boot(for_s)


def boots(device, found, most=20):
    """Boot until found()."""
    for _ in range(most):
        if found():
            return
        device.boot(120)
    raise AssertionError("not in %d boots: %s" % (most, device.said[-6:]))
