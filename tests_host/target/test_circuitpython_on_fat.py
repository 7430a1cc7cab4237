"""CircuitPython's way on FAT over the NOR model; here the filesystem itself keeps programs from writing."""

import gc
import json

import vfs

import rig
from circuit import CircuitRig
from notedfu.decide import Boot
from notedfu.journal import IDLE, TRIAL, Journal
from tools.flash.blockdev import FatDevice
from tools.flash.cut import HOWS, Cut, PowerCut
from tools.flash.nor import NorFlash
from tools.flash.store import MemoryStore

HEAPSIZE = "32M"
ROOT = "/flash"


class Drive:
    """512 KiB of FAT; a context, because a mount is for the whole process."""

    def __init__(self):
        self.store = MemoryStore(bytearray(b"\xff" * (128 * 4096)))
        self._mounted = False
        self.power_up()
        vfs.VfsFat.mkfs(self._device)

    def power_up(self, cut=None):
        """A new life of the chip, in which the power fails as `cut` says."""
        self.__exit__()
        self.nor = NorFlash(self.store)
        self.nor.cut = cut
        self._device = FatDevice(self.nor)

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


_STEP = 3  # every so manieth operation is cut, each time another one of the ways


def life(drive, device, cut=None):
    """boot.py and code.py with the power failing as `cut` says; the mount is what a board's firmware sees.

    Returns whether it was mounted.
    """
    drive.power_up(cut)
    try:
        drive.remount(False)
    except OSError:
        return False
    try:
        device.boot(for_s=60)
    except (PowerCut, OSError):
        if not drive.nor.dead:
            raise
    assert drive.nor.violation is None, drive.nor.violation
    return True


def end_of(drive, device):
    """What the lives after a cut come to: "old", "new", "recovery" or "lost"; a damaged app never runs."""
    del rig.RUNS[:]
    del device.complaints[:]
    for _ in range(6):
        if not life(drive, device):
            return "lost"
    defects = [
        error for error in device.complaints if isinstance(error, (AssertionError, TypeError, ValueError))
    ]
    assert defects == []
    if not rig.RUNS:
        assert "recovery" in "".join(device.said[-9:]), device.said[-9:]
        return "recovery"
    drive.remount(False)
    boot = Boot(rig.RigPort(device))
    boot.load()
    assert boot.journal.state == IDLE
    version = boot.slots.verify(boot.journal.active, boot.clock).version
    assert rig.RUNS[-1] == "%d.%d.%d" % version[:3]
    return {"1.0.0": "old", "2.0.0": "new"}[rig.RUNS[-1]]


def test_power_may_fail_in_boot_py_and_in_code_py():
    """docs/SPEC.md says what FAT can hold: mostly it is the old app or the new one, never a damaged one.

    With a step of 1, of 78 cuts 57 ended in the old app or the new one, 12 in recovery without an app, and 9
    in a drive that does not mount.
    """
    with Drive() as drive:
        device = staged(drive, rig.confirm_and_stay)
        drive.power_up()
        before = drive.store.snapshot()
        assert life(drive, device)
        operations = drive.nor.operations
        assert device.journal().state == IDLE and operations > 40
        ends = {}
        for at in range(1, operations + 1, _STEP):
            drive.store.restore(before)
            life(drive, device, Cut(at, HOWS[at // _STEP % len(HOWS)], at))
            assert drive.nor.dead
            end = end_of(drive, device)
            ends[end] = ends.get(end, 0) + 1
        whole = ends.get("old", 0) + ends.get("new", 0)
        assert ends.get("new", 0) > 3 and whole * 2 > sum(ends.values()), ends


def test_a_cut_between_the_swap_and_the_count_costs_no_attempt():
    with Drive() as drive:
        device = staged(drive, rig.stay)
        drive.power_up()
        drive.remount(False)
        saves, save = [], Journal.save

        def watched(journal):
            save(journal)
            saves.append((journal.state, journal.trial_left))
            if journal.state == TRIAL:
                raise rig.PowerCycle()  # the swap's own, before the run is counted

        Journal.save = watched
        try:
            assert device.boot(for_s=60) == "power"
        finally:
            Journal.save = save
        assert saves[-1] == (TRIAL, 3)
        drive.power_up()
        drive.remount(False)
        device.boot(for_s=5)
        drive.power_up()
        drive.remount(False)
        assert device.journal().trial_left == 2 and rig.RUNS[-1] == "2.0.0"
