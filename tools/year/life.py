"""The year itself: a device of tests_host/rig.py on LittleFS, on the strict NOR model (MicroPython).

The filesystem is mounted anew after each power cut, not at each wake: a mount writes nothing.
"""

import gc

import vfs

import rig
from check import Random
from tools.flash.blockdev import BlockDevice
from tools.flash.cut import HOWS, Cut
from tools.flash.nor import NorFlash
from tools.flash.store import MemoryStore

_ROOT = "/year"
_BLOCK, _UNIT, _BLOCKS = 4096, 256, 64
_YEAR_S = 365 * 86400
_BAD = (2, 6, 9)  # the updates, from 0, that are bad: one raises at import, one in main, one hangs
_AWAKE_S = 200  # longer than the watchdog's patience


def sleeps(dfu):
    """A good app: it works for a moment and sleeps, which to the rig is the end of power."""
    dfu.confirm()
    dfu.poll(2000)
    dfu.rest()
    raise rig.PowerCycle


def raises(dfu):
    raise ValueError("a bug")


def hangs(dfu):
    while True:
        rig.TIME[0].advance(1000)


class Flash(BlockDevice):
    """A BlockDevice with a short way for reads of settled bits: a year is made of them."""

    def readblocks(self, block, buf, offset=0):
        if self._nor.dead or self._nor.store.unsettled:
            return super().readblocks(block, buf, offset)
        self._nor.store.readinto(block * _BLOCK + offset, buf)
        return 0


class Year:
    """wakes, updates, cuts: how many. Everything else follows from the seed."""

    def __init__(self, wakes, updates, cuts, seed):
        self._wakes = wakes
        self._pause_ms = _YEAR_S * 1000 // wakes
        self._updates = updates
        self._cuts = cuts
        self._cut = None
        self._calm = wakes // (4 * cuts) + 1  # wakes, on average, before the next cut is armed
        self._random = Random(seed)
        self._store = MemoryStore(bytearray(b"\xff" * (_BLOCK * _BLOCKS)))
        self.erases = [0] * _BLOCKS
        self.cuts_done = 0
        self.away = 0  # wakes without a Notecard
        self.saves = 0  # of the journal, in wakes in which nothing was offered
        self.quiet = 0  # these wakes
        self.good = "1.0.0"  # the last good version
        self.reports = []  # (version, whether it must have been good)
        vfs.VfsLfs2.mkfs(BlockDevice(self._chip()), progsize=_UNIT)
        self._nor = None
        self._mount()
        self.device = rig.Rig(_ROOT, settings={"check_s": 600, "watchdog_s": 60, "page": 1024}, seed=seed)
        rig.BEHAVIOUR["1.0.0"] = sleeps
        self.device.install_first("1.0.0")

    def run(self, say):
        """Live through it; say(line) is told of progress."""
        at_update = self._spread(self._updates)
        away = self._spread(3)
        left = 0  # wakes until the Notecard is back
        for wake in range(self._wakes):
            if at_update and wake >= at_update[0] and self._is_idle():
                at_update.pop(0)
                self._offer()
            if away and wake >= away[0]:
                away.pop(0)
                left = max(1, 4 * 86400 * 1000 // self._pause_ms)
                self.device.engine.faults.set("nack", 1.0)
            if left:
                left -= 1
                self.away += 1
                if not left:
                    self.device.engine.faults.set("nack", 0.0)
            self._wake()
            if wake % 1000 == 999:
                say("%d wakes, %d updates told, %d cuts" % (wake + 1, len(self._stops()), self.cuts_done))
        for _ in range(300):  # the last update may be under way
            if not self._is_idle():
                self._wake()

    def end(self):
        """Switch it off for good; `erases` is complete then."""
        self._unmount()

    def verdicts(self):
        """What the Notecard was told: (version, whether it was good)."""
        return [
            (one["name"].split("-")[1].split("$")[0], one["mode"] == "completed") for one in self._stops()
        ]

    def running(self):
        """The version that the device runs now, by its flash."""
        journal = self.device.journal()
        version = rig.decide.Boot(rig.RigPort(self.device)).slots.load(journal.active).version
        return "%d.%d.%d" % version[:3]

    def _spread(self, count):
        """`count` wakes, one in each of as many equal parts of the first nine tenths."""
        part = self._wakes * 9 // 10 // count
        return [part * at + self._random.below(max(1, part // 2)) for at in range(count)]

    def _stops(self):
        return self.device.engine.dfu.stops

    def _is_idle(self):
        return len(self._stops()) == len(self.reports)

    def _offer(self):
        number = len(self.reports)
        version = "%d.0.0" % (number + 2)
        good = number not in _BAD
        more = None if number != _BAD[0] else {"app.py": b"raise ValueError('a bug')\n"}
        rig.BEHAVIOUR[version] = sleeps if good else raises if number == _BAD[1] else hangs
        self.device.engine.offer(rig.app_image(version, more), "app-%s.img" % version)
        self.reports.append((version, good))
        if good:
            self.good = version

    def _wake(self):
        device = self.device
        quiet = self._is_idle() and self._cut is None
        self._nor.cut = self._arm()
        before = device.journal().sequence if quiet else 0
        try:
            for _ in range(8):  # resets, until it sleeps
                if device.boot(_AWAKE_S) == "power" or self._nor.dead:
                    break
        except BaseException:
            if not self._nor.dead:
                raise
        if self._nor.dead:
            self.cuts_done += 1
            self._cut = None
            self._unmount()
            self._mount()
        elif quiet:
            self.quiet += 1
            self.saves += device.journal().sequence - before
        device.records.clear()
        del device.said[:]
        del device.complaints[:]
        del rig.RUNS[:]
        device.time.advance(self._pause_ms)

    def _arm(self):
        """The next power cut, armed in every wake until the flash is used enough for it to come."""
        if self._cut is None and self.cuts_done < self._cuts and not self._random.below(self._calm):
            at = self._random.below(3 if self._is_idle() else 40) + 1
            how = HOWS[self._random.below(len(HOWS))]
            self._cut = Cut(self._nor.operations + at, how, self._random.next())
        return self._cut

    def _chip(self):
        return NorFlash(self._store, _BLOCK, _UNIT)

    def _mount(self):
        self._nor = self._chip()
        vfs.mount(vfs.VfsLfs2(Flash(self._nor), progsize=_UNIT), _ROOT)

    def _unmount(self):
        vfs.umount(_ROOT)
        gc.collect()
        for block, count in enumerate(self._nor.erases):
            self.erases[block] += count
        assert self._nor.violation is None, self._nor.violation
        self._nor.power_off()


def check(year, wakes, updates, cuts):
    """In what a year did not end as it must; nothing where all is well."""
    wrong = []
    if year.verdicts() != year.reports or len(year.reports) != updates:
        wrong.append("told %s, and it was %s" % (year.verdicts(), year.reports))
    if year.running() != year.good:
        wrong.append("%s runs, the last good one is %s" % (year.running(), year.good))
    if year.cuts_done != cuts:
        wrong.append("%d power cuts" % year.cuts_done)
    if year.device.engine.violations:
        wrong.append("violations: %s" % year.device.engine.violations)
    return wrong
