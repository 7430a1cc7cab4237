"""make bench: measures, prints the table, writes build/bench.json; plots.py draws it."""

import argparse
import json
import shutil
import sys
import time

from tools import paths
from tools.bench import allocations, goals, heap, host, images, rates, updates, work
from tools.failure import Failure
from tools.size import modules, phases

_OUT = paths.BUILD / "bench.json"
_DOWNLOAD = ("check", "download")


def _size():
    sizes = modules.compile_all()
    found = {name: sum(sizes[one] for one in phases.modules(name)) for name in phases.PHASES}
    found["download path"] = sum(found[name] for name in _DOWNLOAD)
    return found


def _work(roms):
    if not work.available():
        return {}
    found = {name: work.per_kib(rom) for name, rom in roms.items()}
    found["boot"] = work.boot(roms["with viper"])
    for name in ("note_peer", "hand_peer"):
        found[name] = work.peer_per_kib(roms["with viper"], name)
    return found


def _boot(rom):
    """What a boot with nothing to do reads, imports and leaves on the heap."""
    run = updates.expect(updates.update(rom, images.image(8), until="app", module="reads"))
    journal, all_files = [text.split()[1:] for _, text in run.events if text.startswith("reads ")][0]
    run = updates.expect(updates.update(rom, images.image(8), until="app"))
    return {
        "journal_reads": int(journal),
        "files": int(all_files),
        "heap": run.marks["app"][5],
        "requests": len(run.requests),
    }


def _heap(rom):
    boot = [one for one in modules.closure(["bootup", "supervise"]) if one]
    roots = ["assemble", "notecard", "dfu", "reply", "update", "i2c"]
    roots += ["preflight", "trust", "verdict", "marker", "fits", "transfer", "staging", "flashstage", "image"]
    loaded = modules.closure(roots)
    code = heap.imports(rom, boot + [one for one in loaded if one and one not in boot])
    pages = {}
    for page in (4096, 1024):
        found = heap.phases(rom, 64, page=page)
        found["code"] = code
        found["working_set"] = found["verify"] - code
        pages[str(page)] = found
    sizes = []
    for kib in (16, 256, 1024):
        row = {"kib": kib, "ours": heap.phases(rom, kib, ("idle",))["idle"]}
        if kib <= 256:
            for name in ("note_peer", "hand_peer"):
                row[name] = heap.of_peer(rom, kib, name, 4096)
        sizes.append(row)
    return {"pages": pages, "sizes": sizes, "whole": sizes[-1]["ours"], "nothing": heap.imports(rom, [])}


def _roms():
    host.SCRATCH.mkdir(parents=True, exist_ok=True)
    more = [updates.note_python(host.SCRATCH / "peers")]
    return {
        "with viper": host.make_rom(host.SCRATCH / "viper.rom", more=more),
        "without viper": host.make_rom(host.SCRATCH / "plain.rom", leave_out=("fast",), more=more),
    }


PARTS = {
    "size": lambda roms: _size(),
    "rates": lambda roms: rates.ours(roms["with viper"]),
    "peers": lambda roms: rates.peers(roms["with viper"]),
    "flatness": lambda roms: rates.flatness(roms["with viper"]),
    "whole": lambda roms: rates.whole(roms["with viper"]),
    "boot": lambda roms: _boot(roms["with viper"]),
    "allocations": lambda roms: allocations.measure(),
    "work": _work,
    "heap": lambda roms: _heap(roms["with viper"]),
}


def measure(names):
    """Measure these parts, and keep each in build/bench.json as soon as it is there."""
    roms = _roms()
    for name in names:
        began = time.monotonic()
        part = PARTS[name](roms)
        found = json.loads(_OUT.read_text()) if _OUT.exists() else {}
        found[name] = part
        _OUT.write_text(json.dumps(found, indent=1) + "\n")
        print("  %-12s %5.0f s" % (name, time.monotonic() - began), flush=True)
    return found


def show(found):
    """The table on the terminal."""
    print("\n  %-40s %12s %12s" % ("", "figure", "goal"))
    for goal in found["goals"]:
        figure = (
            "-"
            if goal["figure"] is None
            else "%.4g" % goal["figure"]
            if goal["figure"] < 1000
            else "%d" % goal["figure"]
        )
        mark = "met" if goal["met"] else "MISSED"
        print("  %-40s %12s %12d  %s, %s" % (goal["what"], figure, goal["goal"], mark, goal["unit"]))
    print("\n  %-32s %8s %8s %8s  %s" % ("bytes/s", "wire", "notedfu", "+ flash", "flash time hidden"))
    for row in found["rates"]:
        print(
            "  %-32s %8d %8d %8d  %d %%"
            % (row["name"], row["wire"], row["rate"], row["with_flash"], 100 * row["hidden"])
        )
    for row in found["peers"]:
        print(
            "  %-12s %4s %6d, base64 %d: %d"
            % (row["name"], row["link"], row["baud"], row["page"], row["rate"])
        )


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[[], *PARTS], help="only these; the others stay as they are"
    )
    options = parser.parse_args(arguments)
    try:
        found = measure(options.parts or PARTS)
    except Failure as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(host.SCRATCH, ignore_errors=True)
    if set(found) >= set(PARTS):
        found["goals"] = [goal.as_dict() for goal in goals.of(found)]
        _OUT.write_text(json.dumps(found, indent=1) + "\n")
        show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
