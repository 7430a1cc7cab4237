"""The command line: python -m tools.powerloss; --help lists its options."""

import argparse
import json
import os
import resource
import sys
import time

from tools import paths
from tools.powerloss import plan, pool
from tools.powerloss.result import Result

OUT = paths.BUILD / "powerloss.json"
_PAIRS_EACH = 2000
_CASES = 100000  # of the whole proof, at least
_LIMIT_S = 2400  # that it may take, on two cores
_SHOWN = 20


class Progress:
    """How far it is, how fast, and how long it will take; one line, drawn in place on a terminal."""

    def __init__(self, jobs, out=sys.stdout):
        self._jobs = jobs
        self._out = out
        self._began = time.monotonic()
        self._next = 0.0
        self._done = 0

    def show(self, cases):
        self._done += 1
        now = time.monotonic()
        if now < self._next and self._done < self._jobs:
            return
        self._next = now + (0.5 if self._out.isatty() else 15)
        seconds = max(now - self._began, 0.001)
        left = seconds / self._done * (self._jobs - self._done)
        text = "  %d cases, %.1f a second; %d of %d jobs, %d s left" % (
            cases, cases / seconds, self._done, self._jobs, left,
        )  # fmt: skip
        self._out.write(("\r%s   " if self._out.isatty() else "%s\n") % text)
        self._out.flush()

    def end(self):
        if self._out.isatty():
            self._out.write("\n")


def run(jobs, processes, result, show=True):
    """Run all jobs; their answers go into `result`."""
    progress = Progress(len(jobs))
    for job, answer in pool.answers(jobs, processes):
        told = len(result.failures)
        result.add(job, answer)
        if show:
            for name, failed in result.failures[told:_SHOWN]:
                print("FAILED %s: %s: %s" % (name, failed["kind"], failed["text"]), flush=True)
            progress.show(result.cases)
    if show:
        progress.end()


def full_jobs(seed, processes):
    """All jobs of the whole proof; what there is to cut is counted first."""
    print("counting the flash operations of %d clean runs" % len(plan.surveys()), flush=True)
    found = list(pool.answers(plan.surveys(), processes))
    for job, answer in found:
        if "error" in answer:
            raise SystemExit("%s: %s" % (job, answer["error"]))
    found.sort(key=lambda one: plan.surveys().index(one[0]))
    return plan.full(found, seed, _PAIRS_EACH)


def report(result, seconds):
    """Print the table and the failures, and write the file."""
    for line in result.table():
        print(line)
    for name, failed in result.failures[:_SHOWN]:
        print("FAILED %s: %s: %s %s" % (name, failed["kind"], failed["text"], failed["said"]))
        print("       again: make powerloss CASE=%s" % name)
    for job, text in result.errors[:_SHOWN]:
        print("ERROR in %s: %s" % (job, text))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    OUT.write_text(json.dumps(result.record(seconds, cpu), indent=2) + "\n")
    print("%d cases in %.0f s, %.1f ms of CPU a case, seed %d: %s" % (
        result.cases, seconds, cpu * 1000 / max(1, result.cases), result.seed,
        "all promises hold" if result.sound() else "NOT PROVED, see above",
    ))  # fmt: skip


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tools.powerloss", description=__doc__)
    parser.add_argument("--reduced", action="store_true", help="a few cases of each, in about a minute")
    parser.add_argument("--case", help="run the one case with this name")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=int, default=1, help="one job in so many of the whole proof")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args(arguments)
    return _case(options.case) if options.case else _proof(options)


def _case(name):
    """Run the one case with this name, and print what is said of it."""
    for _, answer in pool.answers([plan.one(name)], 1):
        print(json.dumps(answer, indent=2))
    return 1 if "error" in answer or answer["failed"] else 0


def _proof(options):
    began = time.monotonic()
    if options.reduced:
        jobs = plan.samples(options.seed)
    else:
        jobs = full_jobs(options.seed, options.processes)[:: options.share]
    whole = options.share == 1 and not options.reduced
    result = Result(options.seed, (_CASES, _PAIRS_EACH) if whole else (0, 0))
    run(jobs, options.processes, result)
    seconds = time.monotonic() - began
    report(result, seconds)
    if whole and seconds > _LIMIT_S:
        print("it took %.0f minutes; it is to take %d on two free cores" % (seconds / 60, _LIMIT_S // 60))
    return 0 if result.sound() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
