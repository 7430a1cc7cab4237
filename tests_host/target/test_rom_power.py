"""A ROMFS from Notehub: installed, run in place, reverted, refused; power fails at each flash operation."""

import gc
import sys

import vfs as real
from boards import ROOT, Whole

import rig
import romfs
from notedfu.journal import IDLE, PENDING, TRIAL
from tools.board.device import romflash
from tools.flash.blockdev import BlockDevice
from tools.flash.cut import HOWS, Cut, PowerCut
from tools.flash.nor import NorFlash
from tools.flash.store import MemoryStore

OLD, NEW = "1.0.0", "2.0.0"
_FS = 80  # blocks
_ROM = 5
_UNIT = 256
_RUN_S = 30
_PATH = list(sys.path)


class Board(Whole):
    """A board with LittleFS and a ROMFS partition on one chip, and a rig over it; its app is 1.0.0."""

    def __init__(self, kind=romflash.STM32, rom=True, **settings):
        self.store = MemoryStore(bytearray(b"\xff" * ((_FS + _ROM) * 4096)))
        real.VfsLfs2.mkfs(BlockDevice(self._chip(), 0, _FS), progsize=_UNIT)
        self.device = None
        self._kind = kind
        self._settings = dict(settings, target="romfs", swap_tries=9)
        self._on(self._install)
        if rom:  # the app that is there came as one as well
            self.update(OLD + "1")

    def _chip(self):
        self.nor = NorFlash(self.store, 4096, _UNIT)
        return self.nor

    def _install(self):
        self.device = rig.Rig(ROOT, settings=self._settings)
        for version in (OLD, OLD + "1", NEW):
            rig.BEHAVIOUR[version] = rig.confirm_and_stay
        self.device.install_first(OLD)

    def _on(self, work, cut=None):
        """Power, mount, work(), power off; what work() returned, None where a cut came."""
        nor = self._chip()
        nor.cut = cut
        result = None
        romflash.install(nor, _FS, _ROM, self._kind, real)
        real.mount(real.VfsLfs2(BlockDevice(nor, 0, _FS), progsize=_UNIT), ROOT)
        try:
            result = work()
        except (PowerCut, Exception):
            if not nor.dead:
                raise
        finally:
            for path in (ROOT, "/rom"):
                try:
                    real.umount(path)
                except OSError:
                    assert path != ROOT
            nor.power_off()
            sys.path[:] = _PATH
        assert nor.violation is None, nor.violation
        gc.collect()
        return result

    def boot(self, cut=None):
        """One boot of the device; returns how it ended, or None by the cut."""
        return self._on(lambda: self.device.boot(_RUN_S), cut)

    def look(self):
        return self._on(self.device.journal)

    def offer(self, version, **more):
        self.device.offer(romfs.image(version, **more))

    def update(self, version):
        self.offer(version)
        for _ in range(self._BOOTS):
            self.boot()
            if rig.RUNS[-1:] == [version] and self.look().state == IDLE:
                return
        raise AssertionError("no update in %d boots: %s" % (self._BOOTS, self.device.said[-6:]))

    def in_rom(self):
        """The version in the partition; "" where nothing can be mounted there."""
        start = bytearray(4096)
        self.store.readinto((_FS + 1) * 4096, memoryview(start))
        for version in (OLD + "1", NEW):
            if start[:3] == b"\xd2\xcd\x31" and b"'%s'" % version.encode() in start:
                return version
        return ""


def is_new(board):
    assert board.settle().active == 1 and rig.RUNS[-1] == NEW and board.in_rom() == NEW


def is_either(board):
    journal = board.settle()
    expected = {1: NEW, 2: OLD + "1"}[journal.active]
    assert rig.RUNS[-1] == expected and board.in_rom() == expected
    board.boot()
    assert rig.RUNS[-1] == expected, "for good"


def seen(dfu):
    """Where the app runs from."""
    WHERE.append(sys.modules["app"].__file__)
    with open("/rom/data/notes.txt") as file:
        WHERE.append(file.read())
    rig.confirm_and_stay(dfu)


WHERE = []


def test_it_is_installed_runs_in_place_and_is_written_once():
    for kind in romflash.KINDS:
        board = Board(kind)
        rig.BEHAVIOUR[NEW] = seen
        del WHERE[:]
        board.update(NEW)
        assert WHERE[-2:] == ["/rom/app.py", "version " + NEW]
        assert board.device.reports()[-1].get("err") is None
        board.boot()
        operations = board.nor.operations
        board.boot()
        assert rig.RUNS[-1] == NEW and board.nor.operations <= operations
        assert not board.device.complaints, board.device.complaints


def test_an_app_of_files_and_one_in_rom_follow_each_other():
    board = Board(rom=False)
    assert rig.RUNS == [] and board.boot() == "power" and rig.RUNS == [OLD] and board.in_rom() == ""
    board.update(NEW)
    board.device.offer(rig.app_image("3.0.0"))
    rig.BEHAVIOUR["3.0.0"] = rig.confirm_and_stay
    for _ in range(6):
        board.boot()
    assert rig.RUNS[-1] == "3.0.0" and board.look().state == IDLE
    assert "/rom" not in sys.path and not board.device.complaints


def crash(dfu):
    raise ValueError("a bug")


def test_a_trial_that_fails_has_the_old_app_written_back():
    board = Board()
    rig.BEHAVIOUR[NEW] = crash
    board.offer(NEW)
    for _ in range(6):
        board.boot()
    assert NEW in rig.RUNS and rig.RUNS[-1] == OLD + "1" and board.in_rom() == OLD + "1"
    assert board.device.reports()[-1]["err"].startswith("app-raised: ValueError")


def refusal(board):
    for _ in range(4):
        board.boot()
    return board.device.reports()[-1]["err"].split(":")[0]


def test_what_is_no_romfs_or_too_large_is_refused_before_anything_is_erased():
    board = Board(rom=False)
    for more, code in (
        ({"name": "other.romfs"}, "no-romfs"),
        ({"rom": b"\xd2\xcd\x32" + bytes(100)}, "no-romfs"),
        ({"rom": b""}, "no-romfs"),
        ({"files": {"app.py": bytes(4 * 4096)}}, "too-large"),
    ):
        before = len(board.device.reports())
        board.offer(NEW, **more)
        assert refusal(board) == code and len(board.device.reports()) == before + 1
    assert rig.RUNS[-1] == OLD and board.in_rom() == ""
    board = Board(None, rom=False)  # a firmware without ROMFS
    board.offer(NEW)
    board.boot()
    assert rig.RUNS[-1] == OLD and not board.device.reports() and "no-rom" in " ".join(board.device.said)


def test_a_partition_that_fails_ends_the_trial_and_not_in_a_loop():
    board = Board(rom=False)
    board.offer(NEW)
    board.until(TRIAL)
    chip = board._chip

    def worn():
        nor = chip()
        nor.bad_blocks.add(_FS + 1)
        return nor

    board._chip = worn
    for _ in range(4):
        board.boot()
    assert NEW not in rig.RUNS and rig.RUNS[-1] == OLD
    assert board.device.reports()[-1]["err"].startswith("app-raised: LocalError")


def test_a_cut_in_the_swap_ends_in_the_new_app():
    board = Board()
    board.offer(NEW)
    board.until(PENDING)
    board.cuts(is_new, step=3)


def test_a_cut_while_it_is_copied_costs_no_run_and_ends_in_the_new_app():
    for kind in romflash.KINDS:
        board = Board(kind)
        board.offer(NEW)
        board.until(TRIAL)
        left = board.look().trial_left

        def is_untouched_or_through(board):
            found = board.look()
            assert found.trial_left == left or board.in_rom() == NEW  # noqa: B023
            is_either(board)

        board.cuts(is_untouched_or_through, ways=5 if kind == romflash.STM32 else 1)


def test_the_copy_is_made_again_as_often_as_power_fails_in_it():
    board = Board()
    board.offer(NEW)
    board.until(TRIAL)
    left = board.look().trial_left
    for number in range(20):
        board.boot(Cut(1 + number % 4, HOWS[number % 5], number))
    assert board.look().trial_left == left and NEW not in rig.RUNS
    is_new(board)


def test_a_cut_while_the_old_app_is_written_back_ends_in_the_old_app():
    board = Board()
    rig.BEHAVIOUR[NEW] = crash
    board.offer(NEW)
    board.until(TRIAL)
    board.boot()  # it fails
    assert board.look().state == IDLE and board.in_rom() == NEW

    def is_old(board):
        assert board.settle().active == 2 and rig.RUNS[-1] == OLD + "1" and board.in_rom() == OLD + "1"

    board.cuts(is_old, ways=2)
