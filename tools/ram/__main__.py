"""make frozen, make ram: the updater frozen into a real MicroPython, and what it takes of a board's RAM.

python -m tools.ram SOURCES: MicroPython's sources. Builds its unix port twice, for 32-bit words, without the
updater and with it, and measures whole updates on both. docs/RAM.md says more.
"""

import argparse
import json
import shutil
import sys

from tools import paths
from tools.bench import heap, host, images
from tools.failure import Failure
from tools.ram import build
from tools.ram.lives import FROZEN, RAM, Board
from tools.size import modules
from tools.size import phases as phases_of_size

SAVED = paths.ROOT / "docs" / "bench" / "ram.json"
_KIB = (16, 24, 41)  # images: where a large piece is asked for in preflight swings with the length
_VARIANTS = {
    "i2c 1024": {"page": 1024},
    "i2c 4096": {"page": 4096},
    "i2c 8192": {"page": 8192},
    "uart 4096": {"page": 4096, "link": "uart", "uart_baud": 115200},
}
PHASES = ("app", "checked", "download", "peak")


def first_app(interpreter):
    """What is frozen in brings a board whose flash is blank to its app. Returns the run; Failure."""
    run = Board(interpreter, FROZEN).first_app(_KIB[0])
    told = [one.get("status", "") for one in run.reports]
    if run.ended != "done" or run.violations or not told or not told[-1].startswith("installed"):
        raise Failure("the first app ended by %s: %s %s" % (run.ended, run.output, run.events[-6:]))
    return run


def phases(board, kib, settings):
    """{phase: bytes in use} and "before": what was so before boot.py, interpreter and filesystem."""
    run = board.update(kib, **settings)
    if run.ended != "done" or run.violations:
        raise Failure("an update ended by %s: %s %s" % (run.ended, run.output, run.events[-6:]))
    clock = next(int(text.split()[1]) for _, text in run.events if text.startswith("clock "))
    before = [boot["boot"][5] - clock for boot in run.boots]
    return {
        "before": before[0],
        "app": run.boots[0]["app"][5] - before[0],
        "download": run.boots[0]["download"][5] - before[0],
        "checked": run.boots[-1]["idle"][5] - before[-1],
    }


def least(board, kib, settings):
    """The smallest heap, to 1 KiB, that gets through the whole update."""
    return heap.smallest(lambda size: board.update(kib, heapsize=size, **settings).ended == "done")


def measure(board, variants=_VARIANTS):
    """{variant: {phase: bytes}}, the most of several images."""
    found = {}
    for name in variants:
        settings = _VARIANTS[name]
        rows = [phases(board, kib, settings) for kib in _KIB]
        found[name] = {phase: max(row[phase] for row in rows) for phase in PHASES[:3]}
        found[name]["peak"] = max(least(board, kib, settings) for kib in _KIB) - rows[0]["before"]
    return found


def figures(source):
    """{"mpy" | "frozen" | "source": measure()}, by how the library comes."""
    plain = build.empty(source, 32)
    return {
        "mpy": measure(Board(plain, RAM)),
        "frozen": measure(Board(build.frozen(source, 32, settings()), FROZEN)),
        "source": measure(Board(plain, RAM, compiled=False), ("i2c 1024", "i2c 4096")),
    }


def code():
    """Bytes of .mpy that an update loads: when they have changed much, the figures are old."""
    sizes = modules.compile_all()
    loaded = {name for phase in phases_of_size.PHASES for name in phases_of_size.modules(phase)}
    return sum(sizes[name] for name in loaded)


def settings():
    """What a factory freezes."""
    return json.dumps({"check_s": 60, "keys": [images.key()[1]]})


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tools.ram", description=__doc__.split("\n")[0])
    parser.add_argument("source", help="MicroPython's sources")
    parser.add_argument("--frozen", type=int, choices=(32, 64), help="only build so, and bring the first app")
    parser.add_argument("--save", action="store_true", help="these are docs/bench/ram.json, and the pages'")
    options = parser.parse_args(arguments)
    try:
        if options.frozen:
            run = first_app(build.frozen(options.source, options.frozen, settings()))
            print(
                "frozen, %d bits: blank flash, %d boots, %s" % (options.frozen, len(run.boots), run.reports)
            )
            return 0
        found = figures(options.source)
    except (Failure, OSError) as error:
        print("ram: %s" % error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(host.SCRATCH, ignore_errors=True)
    for library, rows in found.items():
        for name, row in rows.items():
            print("%-7s %-10s %s" % (library, name, "  ".join("%s %d" % one for one in row.items())))
    if options.save:
        saved = {"code": code(), "heap": found}
        SAVED.write_text(json.dumps(saved, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
