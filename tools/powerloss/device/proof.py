"""One case of the proof: cut, boot until all is settled, and compare with what the oracle allows."""

from tools.flash.cut import Cut
from tools.powerloss.device import oracle
from tools.powerloss.device.world import ROOT, USER_FILES

BUS = "bus"  # the power goes between two flash operations, after a transaction on the bus
_BOOTS = 14  # the longest recovery has seven; more is going round in circles
_TRIALS = 3  # trial_runs, by default
_FAILING = 5  # failing_runs, by default


class Survey:
    """A clean run of a life: for each boot what held before it, and which phase each operation belongs to."""

    def __init__(self, life):
        self.life = life
        self.boots = []  # (snapshot, [phase of each operation], transactions)
        world = life.world
        while True:
            before = world.snapshot()
            world.observe = self._observe
            self._marks = [(0, "start")]
            boot = world.boot()
            world.observe = None
            phases = self._phases(boot)
            self.boots.append((before, phases, boot.transactions))
            if boot.ended == "rest":
                break
            if boot.ended != "reset" or len(self.boots) > _BOOTS:
                raise AssertionError("a clean run ends so: %s, %s" % (boot.ended, world.said[-5:]))
        problems = Judge(life).end()
        if problems:
            raise AssertionError("a clean run of %s: %s" % (life.name, problems))

    def _cut_boots(self):
        first, end = self.life.boots
        return range(first, min(end, len(self.boots)))

    def cuts(self):
        """What there is to cut: {phase: [[boot, operation]...]}."""
        found = {}
        for boot in self._cut_boots():
            for at, phase in enumerate(self.boots[boot][1]):
                found.setdefault(phase, []).append([boot, at + 1])
        return found

    def bus_cuts(self):
        """The same between flash operations, after each transaction on the bus."""
        return [[boot, at] for boot in self._cut_boots() for at in range(1, self.boots[boot][2] + 1)]

    def _mark(self, phase):
        self._marks.append((self.life.world.nor.operations, phase))

    def _observe(self):
        """Have the library's own steps say where they begin and end."""
        from notedfu import swap, transfer
        from notedfu.bootup import Boot
        from notedfu.health import Health
        from notedfu.report import Report

        self._wrap(swap, "install", "swap", "start")
        self._wrap(Boot, "revert", "revert", "revert")
        self._wrap(Health, "begin", "trial", "run")
        self._wrap(Health, "_confirm", "confirm", "run")
        self._wrap(Report, "outcome", "report", "run")
        self._wrap(Report, "tell", "report", "run")
        self._wrap(transfer.Transfer, "open", "download", "download")
        self._wrap(transfer.Transfer, "_check", "verify", "verify")

    def _wrap(self, owner, name, inside, after):
        inner = getattr(owner, name)

        def outer(*args):
            self._mark(inside)
            try:
                return inner(*args)
            finally:
                self._mark(after)

        setattr(owner, name, outer)

    def _phases(self, boot):
        staging = " into " + self.life.staging
        if self.life.phase:
            phase = self.life.phase
            return [phase + staging if phase == "resume" else phase] * boot.operations
        state = boot.look.record.state if boot.look.record else oracle.IDLE
        names = {"download": "download" + staging}
        names.update({"start": "swap" if state == oracle.PENDING else "journal", "run": "journal"})
        if state != oracle.TRIAL:
            names["trial"] = "journal"
        found = []
        marks = self._marks + [(boot.operations, None)]
        for (at, phase), (end, _) in zip(marks, marks[1:]):
            found += [names.get(phase, phase)] * (end - at)
        return found


class Judge:
    """What must hold of the boots of one case."""

    def __init__(self, life):
        self.life = life
        self.world = life.world
        self._trials = 0
        self._counter = 0

    def copy(self):
        """A judge who has seen the same."""
        one = Judge(self.life)
        one._trials, one._counter = self._trials, self._counter
        return one

    def seen(self, boot):
        """Judge one boot by what lay on flash before it."""
        if boot.ended in ("unmountable", "late", "repl"):
            self.found("bricked" if boot.ended == "unmountable" else "stuck", boot.ended)
        look = boot.look
        if look is None:
            return
        what, slot = look.fate(_FAILING)
        if look.record:
            if look.record.counter < self._counter:
                self.found("counter", "%d after %d" % (look.record.counter, self._counter))
            self._counter = look.record.counter
        for version, started in boot.starts:
            allowed = look.record.active if what == "swap" else slot
            if started != allowed and not self.world.store.unsettled:
                self.found(
                    "mixed", "%s of slot %d runs, the record says %s %d" % (version, started, what, slot)
                )
            if look.record and look.record.state == oracle.TRIAL and started == look.record.active:
                self._trials += 1
        if self._trials > _TRIALS:
            self.found("survived", "%d trial runs" % self._trials)
        if not boot.starts and what == "run" and boot.ended not in ("cut", "unmountable"):
            if not self.world.store.unsettled:
                self.found("bricked", "no app was started; %s" % self.world.said[-2:])

    def end(self):
        """Judge a board that has come to rest; returns all that was wrong, [(kind, text)]."""
        world, life = self.world, self.life
        try:
            look, files = world.powered(self._read)
        except OSError as error:
            self.found("bricked", "it does not mount: %s" % error)
            return world.wrong
        for name in USER_FILES:
            if files.get(name) != USER_FILES[name]:
                self.found("user", "%s is %r" % (name, files.get(name)))
        record = look.record
        slot = look.slots.get(record.active) if record else None
        if not slot or slot.identity != life.apps[life.ends].identity or not slot.confirmed or record.state:
            self.found("stuck", "slot %r of state %r" % (record and record.active, record and record.state))
        told = [self._stop(stop) for stop in world.engine.dfu.stops]
        if [one[:2] for one in told] != [one[:2] for one in life.stops] or not all(
            have[2].startswith(wanted[2]) for have, wanted in zip(told, life.stops)
        ):
            self.found("report", "%s" % told)
        if world.engine.violations:
            self.found("protocol", world.engine.violations[0])
        for name in (
            "0/record",
            "1/record",
            "reserve",
        ):  # the numbers go on, and the reserve comes when it can
            files.pop("notedfu.d/journal/" + name, None)
        self.rest = (files, record and record.lasting)
        return world.wrong

    def _read(self):
        return oracle.Look(ROOT), oracle.tree(ROOT)

    def _stop(self, stop):
        for version in self.life.apps:
            if self.life.offer_md5.get(version) == stop["md5"]:
                return (version, stop["mode"], stop["text"])
        return ("?", stop["mode"], stop["text"])

    def found(self, kind, text):
        self.world.wrong.append((kind, text))


class Case:
    """A life, cut into once or twice."""

    def __init__(self, survey, seed):
        self.survey = survey
        self.life = survey.life
        self.seed = seed

    def start(self, boot, at, how):
        """Set the board back, and cut boot number `boot` at `at`."""
        world = self.life.world
        world.restore(self.survey.boots[boot][0])
        self.judge = Judge(self.life)
        cut = None if how == BUS else Cut(at, how, self.seed * 7919 + at * 31 + len(how))
        one = world.boot(cut, at if how == BUS else 0)
        self.judge.seen(one)
        return one.ended == "cut"

    def recover(self, at=0, how=None):
        """Boot until all is settled, with a cut at operation `at` from here on. Returns all that was wrong.

        `length` says then how many there were up to the rest.
        """
        world, judge = self.life.world, self.judge
        operations = 0
        for _ in range(_BOOTS):
            cut = None
            if at > operations:
                cut = Cut(at - operations, how, self.seed * 104729 + at * 17 + len(how))
            boot = world.boot(cut)
            judge.seen(boot)
            operations += boot.operations
            if boot.ended == "cut":
                at = 0
            elif boot.ended != "reset":
                break
        else:
            judge.found("stuck", "%d boots" % _BOOTS)
        self.length = operations
        if boot.ended != "rest" or judge.end():
            return world.wrong
        before = judge.rest
        last = world.boot()
        judge.seen(last)
        if last.ended != "rest" or (judge.end(), judge.rest)[1] != before:
            if not world.wrong:
                judge.found(
                    "changed", "a further boot changed something: %s" % _difference(before, judge.rest)
                )
        return world.wrong


def _difference(before, after):
    files = [name for name in set(before[0]) | set(after[0]) if before[0].get(name) != after[0].get(name)]
    return "%s, record %s" % (files, before[1] != after[1])
