"""One case of the proof: cut, boot until all is settled, and compare with what the oracle allows."""

from tools.flash.cut import Cut
from tools.powerloss.device import oracle
from tools.powerloss.device.judge import Judge
from tools.powerloss.device.world import BAD, unmarked

BUS = "bus"  # the power goes between two flash operations, after a transaction on the bus
_APPS_SHARE = 25  # one in so many of an app's own operations is cut
_BOOTS = 14  # the longest recovery has seven; more is going round in circles


class Survey:
    """A clean run of a life: for each boot what held before it, and which phase each operation belongs to.

    The phases are the library's steps; in some lives all of them have the life's own name (life.phase).
    """

    def __init__(self, life):
        self.life = life
        self.boots = []  # (snapshot, [step of each operation], transactions)
        world = life.world
        while True:
            before = world.snapshot()
            boot, steps = self.watch(None)
            self.boots.append((before, steps, boot.transactions))
            if boot.ended == "rest":
                break
            if boot.ended != "reset" or len(self.boots) > _BOOTS:
                raise AssertionError("a clean run ends so: %s, %s" % (boot.ended, world.said[-5:]))
        self.again = 0  # what the clean run itself has fetched again
        problems = Judge(life).end()
        if problems:
            raise AssertionError("a clean run of %s: %s" % (life.name, problems))

    def watch(self, cut):
        """One boot with `cut`, or None: the Boot, and the step that each of its operations belongs to."""
        world = self.life.world
        world.observe, world.mark = self._observe, self._mark
        self._marks = [(0, "start")]
        boot = world.boot(cut)
        world.observe, world.mark = None, unmarked
        return boot, self._steps(boot)

    def step(self, boot, at):
        """The step that operation `at` (from 1) of boot number `boot` belongs to."""
        return self.boots[boot][1][at - 1]

    def phase(self, boot, at):
        """The same, as the matrix has it: room is made as part of a download, and what the app writes itself
        is cut between the journal's saves."""
        names = {"room": self._download(), "app": "journal"}
        step = self.step(boot, at)
        return self.life.phase or names.get(step, step)

    def _download(self):
        return "%s into %s" % ("resume" if self.life.resumes else "download", self.life.staging)

    def _cut_boots(self):
        first, end = self.life.boots
        return range(first, min(end, len(self.boots)))

    def cuts(self):
        """What there is to cut: {phase: [[boot, operation]...]}."""
        found = {}
        for boot in self._cut_boots():
            for at, step in enumerate(self.boots[boot][1]):
                if step != "app" or at % _APPS_SHARE == 0:
                    found.setdefault(self.phase(boot, at + 1), []).append([boot, at + 1])
        return found

    def bus_cuts(self):
        """The same between flash operations, after each transaction on the bus."""
        return [[boot, at] for boot in self._cut_boots() for at in range(1, self.boots[boot][2] + 1)]

    def _mark(self, phase):
        self._marks.append((self.life.world.nor.operations, phase))

    def _observe(self):
        """Have the library's own steps say where they begin and end."""
        from notedfu import swap, transfer
        from notedfu.decide import Boot
        from notedfu.fatstage import FatStage
        from notedfu.health import Health
        from notedfu.report import Report

        self._wrap(swap, "install", "swap", "start")
        self._wrap(Boot, "revert", "revert", "revert")
        self._wrap(Health, "begin", "trial", "run")
        self._wrap(Health, "confirm", "confirm", "run")
        self._wrap(Report, "outcome", "report", "run")
        self._wrap(Report, "tell", "report", "run")
        self._wrap(transfer.Transfer, "open", "download", "download")
        self._wrap(FatStage, "begin", "room", "download")
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

    def _steps(self, boot):
        look = boot.look
        state = look.record.state if look and look.record else oracle.IDLE
        names = {"start": "journal", "run": "journal", "download": self._download()}
        if look and not look.record and not (look.slots[1] or look.slots[2] or look.lying):
            names["start"] = "set-up"
        if state == oracle.PENDING:
            names["start"] = "swap"
        if state != oracle.TRIAL:
            names["trial"] = "journal"
        found = []
        marks = self._marks + [(boot.operations, None)]
        for (at, step), (end, _) in zip(marks, marks[1:]):
            found += [names.get(step, step)] * (end - at)
        return found


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
        if how == BAD:
            one = world.boot(wears_out_at=at)
        elif how == BUS:
            one = world.boot(bus_cut=at)
        else:
            one = world.boot(Cut(at, how, self.seed * 7919 + at * 31 + len(how)))
        self.judge.seen(one)
        return bool(world.bad_blocks) if how == BAD else one.ended == "cut"

    def relentless(self, boot, at, how):
        """Cut the same operation of every boot that swaps. Returns all that was wrong.

        The old app must run in the end, and the image be refused; the new one, where a cut came behind the
        record that puts it on trial.
        """
        world = self.life.world
        if not self.start(boot, at, how):
            return [("harness", "the cut never came")]
        self.judge.ends, self.judge.stops = self.life.before, self.life.given_up
        for turn in range(_BOOTS):
            look = world.look()
            if look and look.record and look.record.state == oracle.TRIAL:
                self.judge.ends, self.judge.stops = self.life.ends, self.life.stops
                return self.recover()
            if world.boot(Cut(at, how, self.seed * 6151 + turn)).ended != "cut":
                break
            self.judge.seen(world.now)
        else:
            if world.geometry.kind == "lfs":  # FAT may lose the image too, and fetch it, and be cut in that
                self.judge.found("survived", "%d swaps were begun" % _BOOTS)
            return world.wrong
        self.judge.seen(world.now)
        return self.recover()

    def step_of(self, at, how):
        """The step into which a cut at operation `at` from here on falls; the board is to be set back."""
        operations = 0
        for _ in range(_BOOTS):
            boot, steps = self.survey.watch(self._second(at - operations, how, at))
            operations += boot.operations
            if boot.ended != "reset":
                break
        return steps[-1] if boot.ended == "cut" and steps else "start"

    def _second(self, left, how, at):
        return Cut(left, how, self.seed * 104729 + at * 17 + len(how)) if left > 0 else None

    def recover(self, at=0, how=None):
        """Boot until all is settled, with a cut at operation `at` from here on. Returns all that was wrong.

        `length` says then how many there were up to the rest.
        """
        world, judge = self.life.world, self.judge
        operations = 0
        for _ in range(_BOOTS):
            boot = world.boot(self._second(at - operations, how, at))
            judge.seen(boot)
            operations += boot.operations
            if boot.ended == "cut":
                at = 0
            elif boot.ended != "reset":
                break
        else:
            judge.found("stuck", "%d boots" % _BOOTS)
        self.length = operations
        if world.bad_blocks:
            judge.end_worn(boot)
            return world.wrong
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
