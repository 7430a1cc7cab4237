"""Runs updates of the soak, many in one process. On MicroPython (and CPython):

    micropython worker.py ROOT FIRST COUNT STEP

plays the seeds FIRST, FIRST + STEP, ... and prints a line of JSON for each.
"""

import gc
import io
import json
import sys

root, first, count, step = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
for folder in ("/tests_host", "/lib", ""):
    sys.path.insert(0, root + folder)

import rig  # noqa: E402
from scratch import Scratch  # noqa: E402
from tools.soak.plan import Plan  # noqa: E402
from tools.soak.update import Hung, Update, Wrong  # noqa: E402


def told(error):
    text = io.StringIO()
    if hasattr(sys, "print_exception"):
        sys.print_exception(error, text)
    return text.getvalue() or repr(error)


def play(seed):
    """The record of one update."""
    plan = Plan(seed)
    record = {"seed": seed}
    with Scratch() as folder:
        update = Update(plan, folder)
        try:
            record["end"] = update.play()
            record["late"] = update.late
        except Hung as error:
            record.update({"end": "hung", "why": str(error)})
        except Wrong as error:
            record.update({"end": "wrong", "why": str(error)})
        except Exception as error:  # noqa: BLE001 - whatever came out of the library is a finding
            record.update({"end": "wrong", "why": told(error)})
        device = update.device
        record["struck"] = device.engine.faults.counts
        record["problems"] = update.problems
        record["virtual_s"] = device.elapsed_ms() // 1000
        record["poll_s"] = update.longest_poll_s
        record["told"] = [stop["text"] for stop in device.engine.dfu.stops]
    return record


def main():
    for number in range(count):
        seed = first + number * step
        print("\x1e" + json.dumps({"begins": seed}))
        print("\x1e" + json.dumps(play(seed)))
        rig.BEHAVIOUR.clear()  # which would keep the whole device until the next one takes its place
        gc.collect()


main()
