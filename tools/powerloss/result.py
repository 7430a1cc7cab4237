"""What the cases have come to: build/powerloss.json, and the table for a person."""

from tools.powerloss import plan

# the kinds of broken promises, and the key that counts them
KEYS = {
    "bricked": "bricked",
    "mixed": "mixed",
    "user": "user_files_lost",
    "report": "reports_lost",
    "stuck": "stuck",
}
# What FAT may lose (docs/SPEC.md, "What FAT can hold"), and the steps in which a cut may cost that, because
# they change the allocation table or the folder of both slots: the folders of an empty board are made,
# an image longer than any before gets its room, a slot is filled, the app writes
# files of its own.
_FAT_LOSSES = ("bricked", "stuck", "user", "report", "counter", "changed", "journal", "flicker", "staged")
_FAT_STEPS = ("set-up", "room", "swap", "app")
_ANYWHERE = ("journal", "staged")  # a record may be one save older; what was staged may be lost a second time


def may_lose(geometry, where, kind):
    """Whether docs/SPEC.md grants this loss; `where`: the step of the cut, or of both with AGAIN between."""
    if not geometry.startswith("fat") or kind not in _FAT_LOSSES:
        return False
    return kind in _ANYWHERE or any(step in _FAT_STEPS for step in where.split(plan.AGAIN))


class Result:
    """Sums of all answers.

    least: (cases, pairs a phase) below which the proof is none; a part of it asks for nothing.
    """

    def __init__(self, seed, least=(0, 0)):
        self.seed = seed
        self._least = least
        self.cases = 0
        self.pairs = {}
        self.again = {}  # phase: bytes that the Notecard served again after one cut, at most
        self.matrix = {}  # (phase, geometry, how): cases
        self.broken = {}  # kind: cases, where nothing may break
        self.fat = {}  # (phase, kind): cases, what FAT could not hold
        self.failures = []  # (name of the case, what it says)
        self.errors = []  # (job, text): a job that did not end as jobs do

    def add(self, job, answer):
        """One more answer."""
        if "error" in answer:
            self.errors.append((job, answer["error"]))
            return
        geometry = job["group"][1]
        self.cases += answer["cases"]
        for cell, count in answer["cells"].items():
            phase, how = cell.split("|")
            key = (phase, geometry, how)
            self.matrix[key] = self.matrix.get(key, 0) + count
        again = {} if geometry.startswith("fat") else answer.get("again", {})  # FAT may lose the whole file
        for phase, count in again.items():
            self.again[phase] = max(self.again.get(phase, 0), count)
        for phase, count in answer["pairs"].items():
            self.pairs[phase] = self.pairs.get(phase, 0) + count
        for cell, count in answer["kinds"].items():
            phase, kind = cell.split("|")
            if may_lose(geometry, phase, kind):
                self.fat[(phase, kind)] = self.fat.get((phase, kind), 0) + count
            else:
                self.broken[kind] = self.broken.get(kind, 0) + count
        for failed in answer["failed"]:
            if not may_lose(geometry, failed["phase"], failed["kind"]):
                self.failures.append((plan.name(job, failed["case"]), failed))

    def empty(self):
        """The cells of the matrix in which nothing was tried."""
        return [
            (phase, geometry, how)
            for phase in plan.PHASES
            for geometry in plan.GEOMETRIES
            for how in plan.HOWS
            if not self.matrix.get((phase, geometry, how))
        ]

    def short(self):
        """What there is too little of, as text."""
        cases, pairs = self._least
        if self.cases < cases:
            yield "%d cases, %d are the least" % (self.cases, cases)
        for phase in plan.PHASES:
            if self.pairs.get(phase, 0) < pairs:
                yield "%d pairs in %s, %d are the least" % (self.pairs.get(phase, 0), phase, pairs)

    def sound(self):
        """Whether all promises hold, and all was tried that is to be tried."""
        return not (self.broken or self.errors or self.empty() or list(self.short()))

    def _by(self, at, known):
        sums = {}
        for key, count in self.matrix.items():
            sums[key[at]] = sums.get(key[at], 0) + count
        return {name: sums[name] for name in known if name in sums}

    def _by_filesystem(self):
        sums = {name: 0 for name in plan.FILESYSTEMS.values()}
        for (_, geometry, _), count in self.matrix.items():
            sums[plan.FILESYSTEMS[geometry[:3]]] += count
        return sums

    def record(self, seconds, cpu_seconds=0.0):
        """The contents of build/powerloss.json."""
        found = {"cases": self.cases}
        for kind, key in KEYS.items():
            found[key] = self.broken.get(kind, 0)
        found.update(
            other={kind: count for kind, count in self.broken.items() if kind not in KEYS},
            errors=len(self.errors),
            by_phase=self._by(0, plan.PHASES + ("bus",)),
            by_filesystem=self._by_filesystem(),
            by_geometry=self._by(1, plan.GEOMETRIES),
            by_cut=self._by(2, plan.HOWS + ("bus", plan.BAD)),
            pairs_by_phase=self.pairs,
            served_again=self.again,
            fat={"%s: %s" % key: count for key, count in sorted(self.fat.items())},
            matrix={"%s | %s | %s" % key: count for key, count in sorted(self.matrix.items())},
            seconds=round(seconds, 1),
            cpu_seconds=round(cpu_seconds, 1),
            seed=self.seed,
        )
        return found

    def table(self):
        """Lines: a row for each phase, a column for each geometry, then what was broken."""
        lines = ["%-20s" % "cases" + "".join("%10s" % name for name in plan.GEOMETRIES) + "%10s" % "pairs"]
        for phase in plan.PHASES + ("bus",):
            counts = [
                sum(count for key, count in self.matrix.items() if key[:2] == (phase, geometry))
                for geometry in plan.GEOMETRIES
            ]
            lines.append(
                "%-20s" % phase + "".join("%10d" % one for one in counts) + "%10d" % self.pairs.get(phase, 0)
            )
        lines.append("")
        lines.append(
            "by cut: "
            + ", ".join("%s %d" % one for one in self._by(2, plan.HOWS + ("bus", plan.BAD)).items())
        )
        lines += self._verdicts()
        return lines

    def _verdicts(self):
        lines = []
        if self.fat:
            lines.append("what FAT could not hold (docs/SPEC.md):")
            lines += ["  %-36s %-10s %6d" % (key + (count,)) for key, count in sorted(self.fat.items())]
        for kind, count in sorted(self.broken.items()):
            lines.append("BROKEN %-10s %6d" % (kind, count))
        lines += ["EMPTY  %s | %s | %s" % cell for cell in self.empty()]
        lines += ["SHORT  " + text for text in self.short()]
        return lines
