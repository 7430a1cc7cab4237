"""`make soak [N=2000] [SEED=0]`: N whole updates under random faults, in two MicroPython processes.

Update number `seed` is the same whatever N is: `make soak SEED=n N=1` plays one alone, and shows its plan.
Writes build/soak.json. Exit status 1 if any update hung or ended wrong.
"""

import argparse
import json
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

from tools import paths

SCRIPT = Path(__file__).with_name("worker.py")
HEAP = "64M"
WORKERS = 2
PATIENCE_S = 120  # of real time for one update; virtual time has its own limits
_MARK = "\x1e"


class Worker:
    """One process; its records go to `records`, the last one is None."""

    def __init__(self, records, first, count, step):
        command = [paths.MICROPYTHON, "-X", "heapsize=" + HEAP, str(SCRIPT), str(paths.ROOT)]
        command += [str(first), str(count), str(step)]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=paths.ROOT,
        )
        self._records = records
        self._playing = None
        self._rest = []
        self._heard = time.monotonic()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            if not line.startswith(_MARK):
                self._rest.append(line)
                continue
            record = json.loads(line[1:])
            self._heard = time.monotonic()
            self._playing = record.get("begins")
            if "end" in record:
                self._records.put(record)
        self._process.wait()
        if self._playing is not None or self._process.returncode:
            why = "status %d: %s" % (self._process.returncode, "".join(self._rest[-20:]))
            end = "hung" if self._process.returncode < 0 else "wrong"
            self._records.put({"seed": self._playing, "end": end, "why": why, "struck": {}, "virtual_s": 0})
        self._records.put(None)

    def look(self):
        """Stop a process that has said nothing for too long; it then counts as hung."""
        if time.monotonic() - self._heard > PATIENCE_S:
            self._process.kill()

    def close(self):
        self._process.kill()
        self._process.wait()


def play(first, count):
    """Play `count` updates from number `first`; yield the record of each, in the order in which they end."""
    records = queue.Queue()
    shares = [(first + at, (count - at + WORKERS - 1) // WORKERS) for at in range(min(WORKERS, count))]
    workers = [Worker(records, begin, share, WORKERS) for begin, share in shares]
    left = len(workers)
    try:
        while left:
            try:
                record = records.get(timeout=5)
            except queue.Empty:
                for worker in workers:
                    worker.look()
                continue
            if record is None:
                left -= 1
            else:
                yield record
    finally:
        for worker in workers:
            worker.close()


class Tally:
    """What build/soak.json says."""

    def __init__(self, seed, asked):
        self.began = time.monotonic()
        self.result = {
            "seed": seed,
            "asked": asked,
            "runs": 0,
            "installed": 0,
            "refused": 0,
            "hung": 0,
            "wrong": 0,
        }
        self.result.update(installed_after_faults=0, virtual_hours=0, longest_poll_s=0, by_fault={}, codes={})
        self.result["failing"] = []

    def take(self, record):
        """Count one update."""
        result = self.result
        result["runs"] += 1
        result[record["end"]] += 1
        result["virtual_hours"] += record["virtual_s"] / 3600
        result["longest_poll_s"] = max(result["longest_poll_s"], record.get("poll_s", 0))
        result["installed_after_faults"] += record["end"] == "installed" and bool(record.get("late"))
        for name in record["struck"]:
            row = result["by_fault"].setdefault(
                name, {"updates": 0, "strikes": 0, "installed": 0, "refused": 0}
            )
            row["updates"] += 1
            row["strikes"] += record["struck"][name]
            if record["end"] in row:
                row[record["end"]] += 1
        for code in set(record.get("problems", ())):
            result["codes"][code] = result["codes"].get(code, 0) + 1
        if record["end"] in ("hung", "wrong"):
            result["failing"].append({"seed": record["seed"], "end": record["end"], "why": record["why"]})

    def finished(self):
        """The result, with its times."""
        result = self.result
        result["seconds"] = round(time.monotonic() - self.began, 1)
        result["virtual_hours"] = round(result["virtual_hours"], 1)
        for name in ("by_fault", "codes"):
            result[name] = dict(sorted(result[name].items()))
        return result

    def line(self):
        """Progress, for a person."""
        result, seconds = self.result, max(time.monotonic() - self.began, 0.001)
        rate = result["runs"] / seconds
        left_s = (result["asked"] - result["runs"]) / rate if rate else 0
        return "%5d of %d updates, %.1f/s, %d s left: %d installed, %d refused, %d hung, %d wrong" % (
            result["runs"], result["asked"], rate, left_s,
            result["installed"], result["refused"], result["hung"], result["wrong"],
        )  # fmt: skip


def say_failure(record):
    print("\nupdate %(seed)s %(end)s: %(why)s" % record)
    print("  alone: make soak SEED=%s N=1" % record["seed"], flush=True)


def say_alone(record):
    """A single update in all detail."""
    from tools.soak.plan import Plan

    print("\n" + json.dumps(Plan(record["seed"]).told()))
    print(json.dumps(record))


def soak(seed, count, out=sys.stdout):
    """Play, show, and return what goes into build/soak.json."""
    tally = Tally(seed, count)
    live = out.isatty()
    for record in play(seed, count):
        tally.take(record)
        if record["end"] in ("hung", "wrong"):
            say_failure(record)
        if live or tally.result["runs"] % max(1, count // 20) == 0:
            print(tally.line(), end="\r" if live else "\n", file=out, flush=True)
        if count == 1:
            say_alone(record)
    return tally.finished()


def main():
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("-n", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sys.path.insert(0, str(paths.ROOT / "tests_host"))
    result = soak(options.seed, options.n)
    (paths.BUILD / "soak.json").write_text(json.dumps(result, indent=1) + "\n")
    print("\n%(runs)d updates in %(seconds)d s, %(virtual_hours)d h of virtual time:" % result)
    print("%(installed)d installed, %(refused)d refused, %(hung)d hung, %(wrong)d wrong" % result)
    return 0 if result["runs"] == options.n and not result["hung"] + result["wrong"] else 1


if __name__ == "__main__":
    sys.exit(main())
