"""What is cut: lives, geometries and ages, and the jobs that the workers get."""

HOWS = ("before", "after", "torn", "unsettled", "weak")
AGAIN = ", cut again in "  # between the steps of a case with a second cut
BAD = "bad"  # a block goes bad instead of a cut
LIVES = (
    "update", "update-flash", "resume", "resume-flash", "crash", "silent", "successor", "next", "next-flash",
    "journal", "journal-lost", "fresh", "damaged", "resets",
    "full", "brim", "rot", "rot-flash", "clock", "long", "long-flash",
)  # fmt: skip
GEOMETRIES = ("lfs-256", "lfs-16", "lfs-tiny", "fat-256", "fat-512")
FILESYSTEMS = {"lfs": "LittleFS2", "fat": "FAT"}  # by how the names of the geometries begin
PHASES = (
    "set-up", "download into file", "download into flash", "resume into file", "resume into flash", "verify",
    "journal", "swap", "trial", "confirm", "revert", "report", "next",
)  # fmt: skip
ROM = "tests_host/target/test_rom_power.py"  # and its copy of a ROMFS: see OTA
OTA = "tests_host/target/test_ota_power.py"  # which cuts a firmware's update at each of its operations
# The cut points of docs/SPEC.md, "Where power may fail", and the phases in which the proof cuts there. A test
# compares: SPEC.md has the same rows, and no phase is without one.
CUT_POINTS = (
    ("set-up of an empty board", ("set-up",)),
    ("a save of the journal", ("journal", "trial", "confirm", "revert", "report")),
    ("the download", ("download into file", "download into flash", "next")),
    ("the resumption", ("resume into file", "resume into flash")),
    ("verification", ("verify", "next")),
    ("the swap, before its count", ("swap", "next")),
    ("the swap, after it", ("swap", "next")),
    ("the swap, between manifest and TRIAL", ("swap", "next")),
    ("a firmware's swap, before the switch", (OTA,)),
    ("a firmware's swap, between switch and TRIAL", (OTA,)),
    ("a firmware's trial, before its mark", (OTA,)),
    ("a firmware's confirmation, between mark and otadata", (OTA,)),
    ("a firmware's confirmation, between otadata and the record", (OTA,)),
    ("a ROMFS's copy into its partition", (ROM,)),
    ("the start of a trial run", ("trial", "next")),
    ("a trial run", ("trial", "bus")),
    ("the confirmation, before its save", ("confirm", "next")),
    ("the confirmation, after its save (commit point 3)", ("confirm", "next")),
    ("a revert", ("revert",)),
    ("the report, before `stop`", ("report", "bus")),
    ("the report, between `stop` and its reply", ("bus",)),
    ("the report, after the reply", ("report", "bus")),
)
_REDUCED = (  # which life shows which phases
    ("update", ("download into file", "verify", "swap", "trial", "confirm", "report")),
    ("update-flash", ("download into flash",)),
    ("resume", ("resume into file",)),
    ("resume-flash", ("resume into flash",)),
    ("crash", ("revert",)),
    ("next", ("next",)),
    ("journal", ("journal",)),
    ("fresh", ("set-up",)),
    ("successor", ()),  # and its cuts between flash operations
)
_REDUCED_MORE = (  # the same, on a few geometries
    ("full", ("journal",), ("lfs-16",)),
    ("brim", ("confirm",), ("lfs-256", "lfs-tiny")),
    ("rot", ("swap",), ("lfs-256",)),
    ("rot-flash", ("swap",), ("lfs-16",)),
    ("clock", ("trial",), ("lfs-256",)),
    ("journal-lost", ("journal",), ("lfs-256", "fat-512")),
)
TINY = "lfs-tiny"
# Where the second cut falls at each operation of what follows, on the tiny geometry: (lives, phases, ways of
# the first cut). Journal and swap are cut in each way; the other steps in one way, in turn.
_ALL_PAIRS = (
    (("journal", "journal-lost", "update", "update-flash"), ("journal",), len(HOWS)),
    (("update", "update-flash"), ("swap",), len(HOWS)),
    (("update", "update-flash", "crash", "silent"), PHASES, 1),
)
_CHUNK = 100  # cases in one job
_AGES = {"lfs-256": (0, 5, 10, 15), "lfs-16": (0, 7)}  # saves before: LittleFS erases once in so many
_OF_AGE = ("update", "update-flash", "crash", "silent", "successor", "journal", "journal-lost")  # others: 0
_TWO_WAYS = ("full", "brim", "rot", "rot-flash", "clock")  # each operation is cut in two ways, in turn
_LONG = ("long", "long-flash")  # each operation of 64 KiB is cut once, in one way
_BUS_AT = ("lfs-256", "lfs-tiny", "fat-256")
_LONG_AT = ("lfs-256", "lfs-16", "fat-256")
# where blocks go bad: an app is installed that can go on
_WORN = ("update", "update-flash", "crash", "silent", "next", "long-flash")
_ONCE = ("full", "brim", "rot", "rot-flash", "clock") + _LONG  # cut once only


def groups():
    """[life, geometry, age] of all boards."""
    return [
        [life, geometry, age]
        for life in LIVES
        for geometry in (_LONG_AT if life in _LONG else GEOMETRIES)
        for age in (_AGES.get(geometry, (0,)) if life in _OF_AGE else (0,))
    ]


def samples(seed):
    """The jobs of the reduced form: one cut of each kind in each phase, on each geometry."""
    wanted = [(life, phases, geometry) for geometry in GEOMETRIES for life, phases in _REDUCED]
    wanted += [(life, phases, geometry) for life, phases, some in _REDUCED_MORE for geometry in some]
    return [
        {
            "do": "sample", "group": [life, geometry, 0], "seed": seed,
            "phases": phases, "each": 1, "pairs": 1,
            "worn": 0 if geometry.startswith("fat") else _WORN.count(life),
        }
        for life, phases, geometry in wanted
    ]  # fmt: skip


def hunt(defect, life, geometry, phase, way):
    """The job that looks for a deliberate defect."""
    job = {"do": "hunt", "group": [life, geometry, 0], "seed": 1, "defect": defect}
    job.update(phase=phase, way=way, limit=30)
    return job


def surveys():
    """The jobs that find out what there is to cut."""
    return [{"do": "survey", "group": group} for group in groups()]


def full(found, seed, pairs_each):
    """The jobs of the whole proof. found: (job, answer) of each survey. pairs_each: second cuts a phase."""
    firsts = {}  # of which a sample of second cuts is made
    for job, answer in [one for one in found if one[0]["group"][0] not in _ONCE]:
        for phase, cuts in answer["cuts"].items():
            if not _every(job["group"], phase):
                firsts[phase] = firsts.get(phase, 0) + len(cuts)
    jobs = []
    for job, answer in found:
        group = job["group"]
        places = [place for phase in sorted(answer["cuts"]) for place in answer["cuts"][phase]]
        ways = 1 if group[0] in _LONG else 2 if group[0] in _TWO_WAYS else len(HOWS)
        cuts = [
            place + [HOWS[(place[1] * ways + seed + way) % len(HOWS)]]
            for place in places
            for way in range(ways)
        ]
        if group[2] == 0 and group[0] not in _LONG and group[1] in _BUS_AT:
            cuts += [cut + ["bus"] for cut in answer["bus"]]
        if group[0] in _WORN and group[2] == 0 and not group[1].startswith("fat"):
            cuts += [place + [BAD] for place in places]
        jobs += _chunks({"do": "singles", "group": group, "seed": seed}, cuts, _CHUNK)
        if group[0] in ("update", "update-flash"):
            swaps = answer["cuts"]["swap"]
            again = [cut + [HOWS[cut[1] % len(HOWS)]] for cut in swaps[len(swaps) * 2 // 5 :]]
            jobs += _chunks({"do": "relentless", "group": group, "seed": seed}, again, _CHUNK)
        for phase, places in sorted(answer["cuts"].items()) if group[0] not in _ONCE else ():
            ways = _every(group, phase)
            # a fifth more: after some first cuts there is nothing left to cut
            count = 0 if ways else -(-pairs_each * 6 // (5 * firsts[phase]))
            chosen = [
                place + [HOWS[(place[1] + seed + way) % len(HOWS)], count]
                for place in places
                for way in range(ways or 1)
            ]
            jobs += _chunks({"do": "pairs", "group": group, "seed": seed}, chosen, 2 if ways else 20)
    return jobs


def _every(group, phase):
    """In how many ways `phase` is cut before a second cut at each operation; 0 where they are a sample."""
    for lives, phases, ways in _ALL_PAIRS:
        if group[1] == TINY and group[2] == 0 and group[0] in lives and phase in phases:
            return ways
    return 0


def _chunks(job, cases, size):
    return [dict(job, cases=cases[at : at + size]) for at in range(0, len(cases), size)]


def one(name):
    """The job that runs one case alone: life/geometry/age/seed/boot.operation.how[*|+operation.how]."""
    life, geometry, age, seed, cuts = name.split("/")
    first, _, second = cuts.partition("+")
    boot, at, how = first.split(".")
    case = [int(boot), int(at), how]
    job = {"do": "singles", "group": [life, geometry, int(age)], "seed": int(seed), "cases": [case]}
    if how.endswith("*"):
        job.update(do="relentless", cases=[[int(boot), int(at), how[:-1]]])
    if second:
        at, how = second.split(".")
        job.update(do="pair", cases=[case + [int(at), how]])
    return job


def name(job, case):
    """The name of a case of `job`, as one() takes it."""
    life, geometry, age = job["group"]
    return "%s/%s/%d/%d/%s" % (life, geometry, age, job["seed"], case)
