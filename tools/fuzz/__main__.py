"""`make fuzz [N=1000000] [SEED=1] [FIRST=0]`: mutated replies against the library, on MicroPython.

One long process does it all, so that a heap that grows is seen. Exit status 1 if any case failed.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from tools import paths

SCRIPT = Path(__file__).with_name("replies.py")
HEAP = "1M"


def cases(seed, first, count):
    """Run `count` cases from number `first`; yield each record that the process prints, as it comes.

    Ends with {"died": its last output} if the process ends early.
    """
    command = [paths.MICROPYTHON, "-X", "heapsize=" + HEAP, str(SCRIPT), str(paths.ROOT)]
    command += [str(seed), str(first), str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    rest, ended = [], False
    try:
        for line in process.stdout:
            if not line.startswith("{"):
                rest.append(line)
                continue
            record = json.loads(line)
            ended = ended or "end" in record
            yield record
        if process.wait() or not ended:
            yield {"died": "".join(rest[-20:]) or "status %d" % process.returncode}
    finally:
        process.kill()
        process.wait()


def say_failure(record, seed):
    print("\ncase %(case)d: %(wrong)s\n  cut at %(cut)d: %(line)s" % record)
    print("  alone: make fuzz SEED=%d FIRST=%d N=1" % (seed, record["case"]))


def say_progress(done, count, seconds, failures):
    terminal = sys.stdout.isatty()
    if terminal or done % 100000 == 0:
        rate = done / seconds
        text = "%9d of %d replies, %d/s, %d s left, %d failures"
        text %= (done, count, rate, (count - done) / rate, failures)
        print(text, end="\r" if terminal else "\n", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("-n", type=int, default=1000000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    failures = 0
    for record in cases(options.seed, options.first, options.n):
        if "died" in record:
            failures += 1
            print("\nMicroPython ended early:\n%s" % record["died"])
        elif "case" in record:
            failures += 1
            say_failure(record, options.seed)
        elif "done" in record:
            say_progress(record["done"], options.n, time.monotonic() - began, failures)
    seconds = time.monotonic() - began
    print(
        "\n%d mutated replies in %.0f s, seed %d: %d failures" % (options.n, seconds, options.seed, failures)
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
