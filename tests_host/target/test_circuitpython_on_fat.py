"""CircuitPython's way on FAT over the NOR model; here the filesystem itself keeps programs from writing."""

import gc
import json

import vfs

import rig
from circuit import CircuitRig
from notedfu.journal import IDLE, TRIAL
from tools.flash.blockdev import FatDevice
from tools.flash.nor import NorFlash

HEAPSIZE = "32M"
ROOT = "/flash"


class Drive:
    """512 KiB of FAT; a context, because a mount is for the whole process."""

    def __init__(self):
        self.nor = NorFlash(bytearray(b"\xff" * (128 * 4096)))
        self._device = FatDevice(self.nor)
        vfs.VfsFat.mkfs(self._device)
        self._mounted = False

    def remount(self, readonly):
        """What storage.remount() does to programs."""
        self.__exit__()
        vfs.mount(vfs.VfsFat(self._device), ROOT, readonly=readonly)  # one that was read-only stays so
        self._mounted = True

    def __enter__(self):
        self.remount(False)
        return self

    def __exit__(self, *_):
        if self._mounted:
            gc.collect()
            vfs.umount(ROOT)
            self._mounted = False


def staged(drive, app):
    device = CircuitRig(ROOT, remount=drive.remount)
    device.install_first("1.0.0")
    rig.BEHAVIOUR["1.0.0"] = rig.stay
    rig.BEHAVIOUR["2.0.0"] = app
    device.offer(rig.app_image("2.0.0"))
    assert device.boot() == "reset", device.said
    return device


def test_a_whole_update():
    with Drive() as drive:
        device = staged(drive, rig.confirm_and_stay)
        assert device.boot() == "power"
        assert device.journal().state == IDLE
        assert rig.RUNS == ["1.0.0", "2.0.0"]
        assert device.complaints == []
        assert drive.nor.violation is None


def test_a_confirmation_waits_where_the_computer_has_the_drive():
    with Drive() as drive:
        device = staged(drive, rig.confirm_and_stay)
        device.write("/notedfu.json", json.dumps(dict(device.settings, drive="computer")).encode())
        assert device.boot() == "power"
        assert device.journal().state == TRIAL
        assert device.boot(for_s=5) == "power"
        drive.remount(False)
        assert device.journal().state == IDLE
        assert drive.nor.violation is None


def test_the_drive_can_not_be_written_by_a_program_it_does_not_belong_to():
    seen = []

    def try_it(dfu):
        try:
            open(ROOT + "/x.txt", "w")
        except OSError as error:
            seen.append(error.args[0])
        rig.stay(dfu)

    with Drive() as drive:
        device = staged(drive, try_it)
        device.write("/notedfu.json", json.dumps(dict(device.settings, drive="computer")).encode())
        device.boot(for_s=5)
        assert seen == [30], seen
