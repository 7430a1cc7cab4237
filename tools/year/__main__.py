"""`make year [WAKES=30000 SEED=1]`: a year of a sleepy device, on MicroPython. Writes build/year.json."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from tools import paths

_HEAP = "64M"
_MARK = "\x1e"
_LIFE = 100000  # erases that a NOR block is good for (data sheets of serial NOR)


def live(wakes, updates, cuts, seed, say):
    """Live one year; returns the worker's answer."""
    script = str(Path(__file__).with_name("worker.py"))
    command = [paths.MICROPYTHON, "-X", "heapsize=" + _HEAP, script, str(paths.ROOT)]
    command += [str(number) for number in (wakes, updates, cuts, seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        last = ""
        for line in process.stdout:
            if line.startswith(_MARK):
                return json.loads(line[1:])
            last = line if line.strip() else last
            if line[:1].isdigit():
                say("  " + line.rstrip())
    raise RuntimeError("the year ended early: " + last)


def summary(answer):
    """The lines at the end."""
    erases = answer["erases_by_block"]
    good = sum(told for _, told in answer["verdicts"])
    yield "%(wakes)d wakes, %(power_cuts)d power cuts, %(wraps_of_the_ticks)d wraps of the ticks" % answer
    yield "%(wakes_without_notecard)d wakes without the Notecard" % answer
    yield "verdicts told: %d installed, %d failed" % (good, len(answer["verdicts"]) - good)
    yield "runs at the end: %(runs_at_the_end)s" % answer
    yield "journal: %(saves_in_quiet_wakes)d writes in %(quiet_wakes)d wakes with nothing to do" % answer
    yield "wear, erases of each of the %d blocks of 4096 bytes:" % len(erases)
    for at in range(0, len(erases), 16):
        yield "  " + " ".join("%5d" % count for count in erases[at : at + 16])
    worst = max(erases)
    yield "the most worn block: %d erases, which it can bear for %d years" % (worst, _LIFE // max(1, worst))


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tools.year", description=sys.modules[__name__].__doc__)
    parser.add_argument("--wakes", type=int, default=30000)
    parser.add_argument("--updates", type=int, default=12)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    began = time.monotonic()
    answer = live(options.wakes, options.updates, options.cuts, options.seed, print)
    answer["seconds"] = round(time.monotonic() - began, 1)
    paths.BUILD.mkdir(exist_ok=True)
    (paths.BUILD / "year.json").write_text(json.dumps(answer, indent=2) + "\n")
    for line in summary(answer):
        print("  " + line)
    for line in answer["wrong"]:
        print("  WRONG: " + line)
    print("  took %.1f s; %s as it must" % (answer["seconds"], "did not end" if answer["wrong"] else "ended"))
    return 1 if answer["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
