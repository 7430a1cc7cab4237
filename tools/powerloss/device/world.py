"""A board, its power and its Notecard, in one MicroPython process on virtual time."""

import json
import os
import sys

import vfs

from tools.flash.cut import PowerCut
from tools.powerloss.device import modules, oracle
from tools.powerloss.device.notecard import Notecard
from tools.powerloss.device.port import Port, Reset, Time

ROOT = "/board"
_GLASS = "/glass"  # where the oracle mounts the same flash
USER_FILES = {"boot.py": b"import notedfu\n", "data/log.txt": b"the user's own " * 40}
SETTINGS = {"allow_unsigned": True, "check_s": 10, "healthy_s": 1, "trial_s": 20, "page": 512}

BAD = "bad"  # no cut: a block of flash goes bad, for good
_READINGS = 32
_END_MS = 240000  # of one boot: an app that has not come to rest by then never will
_current = None


class PowerOff(BaseException):
    """The boot has shown what it was to show, and the board is switched off."""


class Boot:
    """What was seen of one boot: how it ended, what lay on flash before it, which apps were started."""

    def __init__(self):
        self.ended = "repl"
        self.look = None
        self.saved = None  # the sequence number that was saved for good before it, where that is known
        self.starts = []  # (version, slot)
        self.operations = 0
        self.transactions = 0


class World:
    """geometry: a filesystems.Geometry. apps: what may run. act(version, dfu): what a started app does."""

    def __init__(self, geometry, apps, act, settings):
        self.geometry = geometry
        self.apps = apps
        self.act = act
        self.root = ROOT
        self.time = Time()
        self.notecard = Notecard(self.time.elapsed)
        self.engine = self.notecard.engine
        self.store = geometry.blank()
        self.bad_blocks = set()
        self.jumps = False  # whether the clock jumps now and then
        self.settings = dict(SETTINGS)
        self.settings.update(settings)
        self.boots = 0
        self.bus_cut = 0
        chip = geometry.chip(self.store)
        self.mark = unmarked  # called with the name of what comes next, by what is no step of the library
        self._glass, self._raw = geometry.device(chip), geometry.raw(chip)
        self._view = None  # what look() found, while nothing is written
        self.observe = None  # called with the fresh library before each boot: a defect, or the survey's marks
        self.clear()

    def clear(self):
        """Forget what was seen."""
        self.said = []
        self.saved = None  # the sequence number of the last record that was saved for good
        self.wrong = []  # (kind, text) of each broken promise

    def snapshot(self):
        """All that outlives a boot."""
        return (
            self.store.snapshot(),
            self.notecard.snapshot(),
            self.time._now,
            self.time.elapsed_ms,
            self.boots,
            self.look() if not self.store.unsettled else None,
        )

    def restore(self, snapshot):
        """Set board and Notecard back to `snapshot`."""
        store, notecard, self.time._now, self.time.elapsed_ms, self.boots, look = snapshot
        self.store.restore(store)
        self.notecard.restore(notecard)
        self.bad_blocks.clear()
        self._view = (self.store.changes, look) if look else None
        self.clear()

    def flip(self, at):
        """Flip one bit of the flash at address `at`."""
        one = bytearray(1)
        self.store.readinto(at, one)
        one[0] ^= 4
        self.store.write(at, one)

    def look(self):
        """What the oracle reads on flash now, an oracle.Look; None if the filesystem does not mount.

        The board may have power or not. What was read is read again once something has been written, or
        where bits are not settled.
        """
        changes = self.store.changes
        if self._view and self._view[0] == changes and not self.store.unsettled:
            return self._view[1]
        try:
            self.geometry.look(self._glass, _GLASS)
        except OSError:
            return None
        try:
            look = oracle.Look(_GLASS, self._raw if self.settings["staging"] == "flash" else None)
        finally:
            vfs.umount(_GLASS)
        self._view = (changes, look)
        return look

    def powered(self, work, cut=None, wears_out_at=0):
        """Mount the filesystem and call work(); returns what it returns. The power goes off afterwards.

        wears_out_at: the operation (from 1) whose block goes bad. OSError if the filesystem does not mount;
        PowerCut where `cut` came.
        """
        global _current
        _current = self
        self.nor = self.time.nor = nor = self.geometry.chip(self.store)
        nor.bad_blocks, nor.wears_out_at = self.bad_blocks, wears_out_at
        self.region = self.geometry.raw(nor)
        modules.anew("app")
        self.geometry.mount(nor, ROOT)
        path = list(sys.path)
        nor.cut = cut
        try:
            return work()
        except (PowerCut, OSError):
            if nor.dead:
                raise PowerCut() from None
            raise
        finally:
            sys.path[:] = path
            vfs.umount(ROOT)
            nor.power_off()
            if nor.violation:
                self.wrong.append(("flash", nor.violation))

    def boot(self, cut=None, bus_cut=0, wears_out_at=0):
        """One boot of the library, from power-up to its end. Returns the Boot."""
        self.now = one = Boot()
        one.look = self.look()
        one.saved = self.saved
        self.bus_cut, self.transactions = bus_cut, 0
        self.notecard.front.outbox.disown()
        try:
            one.ended = self.powered(self._boot, cut, wears_out_at)
        except PowerCut:
            one.ended = "cut"
        except OSError:
            one.ended = "unmountable"
        self.time.ends_ms = None
        one.operations, one.transactions = self.nor.operations, self.transactions
        return one

    def _boot(self):
        from notedfu import bootup

        if self.observe:
            self.observe()
        self._note_saves()
        self.time.ends_ms, self.time.end = self.time.elapsed_ms + _END_MS, _late
        try:
            bootup.run(Port(self))
        except Reset:
            return "reset"
        except PowerOff as end:
            return end.args[0]
        self.time.check()
        return "repl"

    def _note_saves(self):
        """Note each save of the journal that came to its end: what it wrote may not be lost any more."""
        from notedfu.journal import Journal

        save = Journal.save

        def noted(journal):
            save(journal)
            self.saved = journal.sequence

        Journal.save = noted

    def started(self, file, version, dfu):
        """An app has been started: is it whole, and the one that it says it is?"""
        self.time.check()
        folder = file.rsplit("/", 1)[0]
        wanted = self.apps[version].files
        found = oracle.tree(folder)
        if found != wanted:
            kind = "flicker" if self._flickers(folder, wanted) else "mixed"
            self.wrong.append((kind, "%s of %s runs in %s" % (version, sorted(found), folder)))
        self.now.starts.append((version, " ab".index(folder[-1])))
        return self.act(version, dfu)

    def _flickers(self, folder, wanted):
        """Whether the folder is as it should be now and then: bits on FAT that a cut left unsettled."""
        if self.geometry.kind != "fat" or not self.store.unsettled:
            return False
        return any(oracle.tree(folder) == wanted for _ in range(_READINGS))

    def write_files(self):
        """The user's files and the settings, onto a new board."""
        os.mkdir(ROOT + "/data")
        for name in USER_FILES:
            _write(ROOT + "/" + name, USER_FILES[name])
        _write(ROOT + "/notedfu.json", json.dumps(self.settings).encode())


def started(file, version, dfu):
    """What each app of the proof calls."""
    return _current.started(file, version, dfu)


sys.modules["world"] = sys.modules[__name__]


def unmarked(phase):
    pass


def _late():
    raise PowerOff("late")


def _write(path, data):
    with open(path, "wb") as file:
        file.write(data)
