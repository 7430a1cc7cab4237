"""Runs cases and counts what became of them."""

from check import Random
from tools.flash.cut import HOWS
from tools.powerloss.device.proof import BUS, Case
from tools.powerloss.device.world import BAD

_AGAIN = ", cut again in "  # plan.AGAIN


class Tally:
    """The cases of one job: `cells` counts them by phase and kind of cut, `failed` lists what went wrong.

    What went wrong is told by the library's step in which the power went, and by that of the second cut.

    A case is named by its group, its seed and its cuts; that name alone runs it again.
    """

    def __init__(self, survey, seed, shown):
        self._survey = survey
        self._seed = seed
        self._shown = shown
        self._case = Case(survey, seed)
        self.cases = 0
        self.pairs_done = {}  # phase: pairs
        self.cells = {}
        self.failed = []
        self.again = {}  # phase: bytes of an image that the Notecard served again after one cut, at most
        self.kinds = {}

    def single(self, cut):
        """One cut: [boot, operation, how]."""
        boot, at, how = cut
        came = self._case.start(boot, at, how)
        phase = self._phase(cut)
        if how == BUS and not came:
            return
        wrong = self._case.recover() if came or self._defective() else [("harness", "the cut never came")]
        again = self._fetched_again() if not wrong and how != BAD else 0
        if again > self._survey.life.may_fetch_again():
            wrong = [("fetched", "%d bytes were fetched twice" % again)]
        self._count(phase, how, wrong, "%d.%d.%s" % (boot, at, how), self._step(cut))
        self.again[phase] = max(self.again.get(phase, 0), again)

    def _fetched_again(self):
        """Bytes fetched more than once; without header and TLVs, which every preflight asks for.

        A reply that waited when the power went, and that the next boot reads past, counts for nothing.
        """
        life = self._survey.life
        app = life.apps[life.offers[0]] if life.offers else None
        if app is None or life.name.startswith("next") or life.fetches_anew:
            return 0
        fetched = life.world.engine.counters.fetched(32, app.tail, life.offer_names[app.version])
        return fetched - (app.tail - 32) - self._survey.again

    def _defective(self):
        """Whether the library has a defect, with which it may do less than in the clean run."""
        return self._survey.life.world.observe is not None

    def pair(self, first, at, how):
        """Two cuts: the second at operation `at` of what follows."""
        if self._case.start(*first):
            after = self._survey.life.world.snapshot()
            self._survey.life.world.restore(after)  # what reads at random begins anew, as in pairs()
            self._second(first, at, how, after)

    def pairs(self, first, count):
        """`first`, and then a second cut at `count` operations of the recovery, or at each of them (0)."""
        case, world = self._case, self._survey.life.world
        if not case.start(*first):
            return
        after = world.snapshot()
        judge = case.judge.copy()
        case.recover()
        random = Random(self._seed * 65537 + first[1] * 257 + first[0])
        length = case.length
        if not length:
            return
        places = [1 + random.below(length) for _ in range(count)] if count else range(1, length + 1)
        for at in places:
            world.restore(after)
            case.judge = judge.copy()
            self._second(first, at, HOWS[random.below(len(HOWS))], after)

    def sample(self, wanted, each, pairs, worn):
        """`each` cuts of every kind in the phases that are wanted, `pairs` second cuts after one of each, and
        `worn` blocks that go bad.

        The operations are those in the middle of a phase, spread over it.
        """
        cuts = self._survey.cuts()
        for phase in sorted(set(cuts) & set(wanted)):
            places = cuts[phase]
            for number, how in enumerate(HOWS):
                for turn in range(each):
                    place = places[(turn * len(places) // each + number * len(places) // 5) % len(places)]
                    self.single(place + [how])
            self.pairs(places[len(places) // 2] + [HOWS[len(phase) % len(HOWS)]], pairs)
            for turn in range(worn):
                self.single(places[(2 * turn + 1) * len(places) // (2 * worn)] + [BAD])
            if phase == "swap" and self._survey.life.before:
                self.relentless(places[len(places) * 2 // 3] + [HOWS[len(places) % len(HOWS)]])
        places = self._survey.bus_cuts()
        for turn in range(each if places else 0):
            self.single(places[turn * len(places) // each] + [BUS])

    def relentless(self, cut):
        """The same cut in every boot that swaps."""
        wrong = self._case.relentless(*cut)
        phase = self._phase(cut)
        self._count(phase, cut[2], wrong, "%d.%d.%s" % tuple(cut) + "*", self._step(cut))

    def hunt(self, phase, way, limit):
        """Cut where `phase` is, at most `limit` times, until something is wrong."""
        if way == "bus":
            places = [place + [BUS] for place in self._survey.bus_cuts()]
        else:
            places = [place + [how] for place in self._survey.cuts()[phase] for how in HOWS[:4]]
        if way == "relentless":
            places = places[len(places) // 4 :]  # behind the write that counts: before it nothing is done yet
        step = max(1, len(places) // limit)
        for start in range(step):
            for place in places[start::step]:
                if way == "pairs":
                    self.pairs(place, 0)
                else:
                    (self.relentless if way == "relentless" else self.single)(place)
                if self.failed or self.cases >= limit * 4:
                    return

    def _second(self, first, at, how, after):
        """A second cut; `after`: the snapshot behind the first one, from which on the board goes."""
        wrong = self._case.recover(at, how)
        phase, step = self._phase(first), self._step(first)
        self.pairs_done[phase] = self.pairs_done.get(phase, 0) + 1
        name = "%d.%d.%s" % tuple(first) + "+%d.%s" % (at, how)
        if wrong:
            wrong, said = list(wrong), self._survey.life.world.said
            self._survey.life.world.restore(after)
            step += _AGAIN + self._case.step_of(at, how)
            self._survey.life.world.said = said
        self._count(phase, first[2], wrong, name, step)

    def _phase(self, cut):
        return "bus" if cut[2] == BUS else self._survey.phase(cut[0], cut[1])

    def _step(self, cut):
        return "bus" if cut[2] == BUS else self._survey.step(cut[0], cut[1])

    def _count(self, phase, how, wrong, name, where):
        self.cases += 1
        cell = phase + "|" + how
        self.cells[cell] = self.cells.get(cell, 0) + 1
        if not wrong:
            return
        kind, text = wrong[0]
        self.kinds[where + "|" + kind] = self.kinds.get(where + "|" + kind, 0) + 1
        if len(self.failed) < self._shown:
            said = self._survey.life.world.said[-3:]
            self.failed.append({"case": name, "phase": where, "kind": kind, "text": text[:300], "said": said})

    def told(self):
        """All of it, for the runner."""
        return {
            "cases": self.cases, "cells": self.cells, "pairs": self.pairs_done, "failed": self.failed,
            "kinds": self.kinds, "again": self.again,
        }  # fmt: skip
