"""What must hold of the boots of one case, by what the oracle reads on flash."""

from tools.powerloss.device import oracle

_TRIALS = 3  # trial_runs, by default
_SWAPS = 3  # swap_tries
_FAILING = 5  # failing_runs
# the numbers go on, the reserve comes when there is room, and a mark that one copy has is enough
_UNCOUNTED = ("0/record", "1/record", "2/record", "m0/record", "m1/record", "s/record", "s/image", "reserve")


class Judge:
    """Sees the boots of one case in order, and then the end. What is wrong goes to world.wrong, (kind, text).

    ends: the version that must run in the end. stops: (version, mode, how the text begins) of each report.
    """

    def __init__(self, life):
        self.life = life
        self.world = life.world
        self.ends = life.ends
        self.stops = life.stops
        self._trials = {}  # identity: runs on trial
        self._swaps = {}  # identity: swaps that were begun
        self._last = None  # the record that counted before
        self._exact = life.world.geometry.kind == "lfs"

    def copy(self):
        """A judge who has seen the same."""
        one = Judge(self.life)
        one.ends, one.stops, one._last = self.ends, self.stops, self._last
        one._trials, one._swaps = dict(self._trials), dict(self._swaps)
        return one

    def found(self, kind, text):
        """Note a broken promise."""
        self.world.wrong.append((kind, text))

    def _stuck(self):
        """What it is that an update did not come through; on FAT it may have been lost in staging."""
        lost = [text for text in self.world.said if text.startswith("refused: staging-lost")]
        return "staged" if lost and self.world.geometry.kind == "fat" else "stuck"

    def seen(self, boot):
        """Judge one boot by what lay on flash before it."""
        if boot.ended in ("unmountable", "late", "repl"):
            self.found("bricked" if boot.ended == "unmountable" else self._stuck(), boot.ended)
        look = boot.look
        if look is None:
            return
        what, slot = look.fate(_FAILING)
        if look.record:
            self._record(look, boot.saved)
        else:  # whatever was counted is lost
            self._swaps.clear()
            self._trials.clear()
        if what == "swap":
            # what was damaged in staging is fetched once more, and has all its swaps again
            most = _SWAPS if self._exact and not self.life.rots else 2 * _SWAPS
            self._count(self._swaps, look.record.identity, most, "swaps")
        if what == "run" and not look.record and boot.ended != "cut":
            if not [text for text in self.world.said if text.startswith("the journal was lost; slot")]:
                self.found("silent", "the journal was lost, and the board does not say so")
        self._starts(boot, look, what, slot)

    def _starts(self, boot, look, what, slot):
        """Which apps were started: those of the slot that may run, and one there must be."""
        settled = not self.world.store.unsettled  # else the oracle and the library may read different bits
        for version, started in boot.starts:
            allowed = look.record.active if what == "swap" else slot
            if self.world.bad_blocks and look.record and started == look.other():
                continue  # a trial whose runs can't be counted is none
            if what == "recover" and not self._exact:
                continue  # FAT, torn: the app is whole, as world.started() has seen
            if started != allowed and settled:
                self.found("mixed", "%s of slot %d runs, it is %s %d" % (version, started, what, slot))
            if look.record and look.record.state == oracle.TRIAL and started == look.record.active:
                self._count(self._trials, look.record.identity, _TRIALS, "trial runs")
        if not boot.starts and what == "run" and settled and boot.ended not in ("cut", "unmountable"):
            self.found("bricked", "no app was started; %s" % self.world.said[-2:])

    def _count(self, counts, identity, most, noun):
        counts[identity] = counts.get(identity, 0) + 1
        if counts[identity] > most:
            self.found("survived", "%d %s" % (counts[identity], noun))

    def _record(self, look, saved):
        """What must hold of the record and the slots at any time."""
        record, last = look.record, self._last
        if last and record.counter < last.counter:
            self.found("counter", "%d after %d" % (record.counter, last.counter))
        if last and (record.sequence - last.sequence) & 0x80000000:
            self.found("journal", "record %d after %d" % (record.sequence, last.sequence))
        if saved is not None and (record.sequence - saved) & 0x80000000:
            self.found("journal", "record %d after %d was saved" % (record.sequence, saved))
        self._last = record
        if not self._exact:
            return
        slot = look.slots.get(record.active)
        if record.state == oracle.TRIAL and slot and slot.confirmed:
            self.found("early", "the slot is confirmed while the record has it on trial")
        for number in (1, 2):
            if number in look.lying:
                self.found("mixed", "slot %d has a manifest whose files are others" % number)
        pending = record.state == oracle.PENDING and not self.life.rots
        if pending and look.staged != self.life.image_of(record.identity):
            self.found("early", "what is pending is not what is staged")

    def end(self):
        """Judge a board that has come to rest; returns all that was wrong."""
        world, life = self.world, self.life
        look = world.look()
        if look is None:
            self.found("bricked", "it does not mount")
            return world.wrong
        files = dict(look.files)
        wanted = life.user_files
        for name in wanted:
            if files.get(name) != wanted[name]:
                self.found("user", "%s is %r" % (name, files.get(name, b"")[:40]))
        record = look.record
        slot = look.slots.get(record.active) if record else None
        if not slot or slot.identity != life.apps[self.ends].identity or not slot.confirmed or record.state:
            where = "slot %r of state %r" % (record and record.active, record and record.state)
            self.found(self._stuck(), where)
        self._reports([self._stop(stop) for stop in world.engine.dfu.stops])
        if world.engine.violations:
            self.found("protocol", world.engine.violations[0])
        for name in _UNCOUNTED:
            files.pop("notedfu.d/journal/" + name, None)
        for name in [name for name in files if ".torn" in name or ".pad" in name]:
            files.pop(name)  # what was put aside may read differently each time, and so may what lies between
        self.rest = (files, record and record.lasting)
        return world.wrong

    def end_worn(self, boot):
        """Judge a board with a bad block at the end of its last boot, as end().

        The update may have failed, but an app runs that was installed whole, what the user has is there, and
        the Notecard was told nothing that is not so.
        """
        world, life = self.world, self.life
        look = world.look()
        if look is None:
            self.found("bricked", "it does not mount")
            return
        for name in life.user_files:
            if look.files.get(name) != life.user_files[name]:
                self.found("user", "%s is lost" % name)
        if not boot.starts and life.before:
            self.found("bricked", "no app runs; %s" % world.said[-2:])
        told = [self._stop(stop) for stop in world.engine.dfu.stops]
        if len(told) > len(life.stops):
            self.found("report", "%s" % told)
        installed = [version for version, mode, _ in told if mode == "completed"]
        if installed and boot.starts and boot.starts[-1][0] != installed[-1]:
            self.found("report", "%s is said to run, %s does" % (installed[-1], boot.starts[-1][0]))

    def _reports(self, told):
        same = [one[:2] for one in told] == [one[:2] for one in self.stops]
        reasons = not self._exact or all(
            have[2].startswith(wanted[2]) for have, wanted in zip(told, self.stops)
        )
        if not same or not reasons:  # FAT: a journal that can't be written may be the reason instead
            self.found("report", "%s" % told)

    def _stop(self, stop):
        for version in self.life.apps:
            if self.life.offer_md5.get(version) == stop["md5"]:
                return (version, stop["mode"], stop["text"])
        return ("?", stop["mode"], stop["text"])
