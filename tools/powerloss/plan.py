"""What is cut: lives, geometries and ages, and the jobs that the workers get."""

HOWS = ("before", "after", "torn", "unsettled", "weak")
LIVES = (
    "update", "update-flash", "resume", "resume-flash", "crash", "silent", "successor", "next", "next-flash",
    "journal", "journal-lost", "fresh",
)  # fmt: skip
GEOMETRIES = ("lfs-256", "lfs-16", "lfs-tiny", "fat-256", "fat-512")
PHASES = (
    "download into file", "download into flash", "resume into file", "resume into flash", "verify", "journal",
    "swap", "trial", "confirm", "revert", "report", "next",
)  # fmt: skip
TINY = "lfs-tiny"
_ALL_PAIRS = ("journal", "swap")
_CHUNK = 40  # cases in one job
_AGES = {"lfs-256": (0, 5, 10, 15), "lfs-16": (0, 7)}  # saves before: LittleFS erases once in so many


def groups(full):
    """[life, geometry, age] of all boards."""
    found = []
    for life in LIVES:
        for geometry in GEOMETRIES:
            for age in _AGES.get(geometry, (0,)) if full else (0,):
                found.append([life, geometry, age])
    return found


def samples(seed):
    """The jobs of the reduced form: a few of each."""
    return [
        {"do": "sample", "group": group, "seed": seed, "each": 2, "pairs": 2} for group in groups(full=False)
    ]


def surveys():
    """The jobs that find out what there is to cut."""
    return [{"do": "survey", "group": group} for group in groups(full=True)]


def full(found, seed, pairs_each):
    """The jobs of the whole proof. found: (job, answer) of each survey. pairs_each: second cuts a phase."""
    firsts = {}
    for _, answer in found:
        for phase, cuts in answer["cuts"].items():
            firsts[phase] = firsts.get(phase, 0) + len(cuts)
    jobs = []
    for job, answer in found:
        group = job["group"]
        cuts = [cut + [how] for phase in answer["cuts"].values() for cut in phase for how in HOWS]
        cuts += [cut + ["bus"] for cut in answer["bus"]] if group[2] == 0 else []
        jobs += _chunks({"do": "singles", "group": group, "seed": seed}, cuts, _CHUNK)
        for phase, places in sorted(answer["cuts"].items()):
            every = group[1] == TINY and phase in _ALL_PAIRS and group[0] in ("update", "journal")
            count = 0 if every else max(1, -(-pairs_each * 11 // (10 * firsts[phase])))
            chosen = [place + [HOWS[(place[1] + seed) % len(HOWS)], count] for place in places]
            jobs += _chunks({"do": "pairs", "group": group, "seed": seed}, chosen, 2 if every else 20)
    return jobs


def _chunks(job, cases, size):
    return [dict(job, cases=cases[at : at + size]) for at in range(0, len(cases), size)]


def one(name):
    """The job that runs one case alone: life/geometry/age/seed/boot.operation.how[+operation.how]."""
    life, geometry, age, seed, cuts = name.split("/")
    first, _, second = cuts.partition("+")
    boot, at, how = first.split(".")
    case = [int(boot), int(at), how]
    job = {"do": "singles", "group": [life, geometry, int(age)], "seed": int(seed), "cases": [case]}
    if second:
        at, how = second.split(".")
        job.update(do="pair", cases=[case + [int(at), how]])
    return job


def name(job, case):
    """The name of a case of `job`, as one() takes it."""
    life, geometry, age = job["group"]
    return "%s/%s/%d/%d/%s" % (life, geometry, age, job["seed"], case)
