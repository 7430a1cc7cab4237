"""make size: .mpy bytes and heap of each module and phase, against the budget and the last release."""

import argparse
import json
import sys

from tools import paths
from tools.failure import Failure
from tools.size import modules, phases

BASELINE = paths.ROOT / "docs" / "bench" / "size.json"
_STRIPPED = ("-O3",)  # without line numbers and asserts, for comparison: what is shipped keeps them


def measure():
    """{"mpy": {module: bytes}, "stripped": bytes of all, "heap": {module: bytes}, "phases": {...}}."""
    stripped = modules.compile_all(paths.BUILD / "size-stripped", _STRIPPED)
    mpy = modules.compile_all()
    return {
        "mpy": mpy,
        "stripped": sum(stripped.values()),
        "heap": modules.heap(),
        "phases": {name: sum(mpy[one] for one in phases.modules(name)) for name in phases.PHASES},
    }


def _line(name, mpy, heap, before):
    change = "" if before is None or before == mpy else "%+d" % (mpy - before)
    return "  %-18s %7d %8s %8s" % (name, mpy, heap, change)


def show(found, before):
    """Print the table; `before` is the last release's, {} where there is none."""
    old = before.get("mpy", {})
    print("  %-18s %7s %8s %8s" % ("module", ".mpy", "heap", "change"))
    for name in sorted(found["mpy"], key=found["mpy"].get, reverse=True):
        print(_line(name or "__init__", found["mpy"][name], found["heap"].get(name, "-"), old.get(name)))
    total = sum(found["mpy"].values())
    print(_line("all", total, sum(found["heap"].values()), sum(old.values()) or None))
    print("  without line numbers and asserts (mpy-cross -O3): %d" % found["stripped"])
    print("\n  %-18s %7s %8s %8s" % ("phase", ".mpy", "budget", "change"))
    for name, (_, _, budget) in phases.PHASES.items():
        line = _line(name, found["phases"][name], budget or "", before.get("phases", {}).get(name))
        over = budget and found["phases"][name] > budget
        print(line + ("  over the budget" if over else ""))
        print("     " + " ".join(one or "__init__" for one in phases.modules(name)))
    print("\nheap: what stays after the import, 64-bit interpreter; a 32-bit board takes about half of it.")


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.size", description=__doc__)
    parser.add_argument("--save", action="store_true", help="this is a release: later runs compare with it")
    options = parser.parse_args(arguments)
    try:
        found = measure()
    except Failure as error:
        print(error, file=sys.stderr)
        return 1
    before = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    show(found, before)
    (paths.BUILD / "size.json").write_text(json.dumps(found, indent=1))
    if options.save:
        BASELINE.parent.mkdir(parents=True, exist_ok=True)
        BASELINE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
