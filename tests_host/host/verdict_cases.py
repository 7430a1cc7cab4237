"""Runs cases of tests_host/verdicts.py on MicroPython, in one process, and on CPython."""

import json
import subprocess

from tools import paths
from verdicts import verdicts

SCRIPT = paths.ROOT / "tests_host" / "verdicts.py"


def on_micropython(cases, path):
    """The verdict on each case, from the MicroPython binary; the cases pass through the file at `path`."""
    path.write_text("".join(json.dumps(case) + "\n" for case in cases))
    command = [paths.MICROPYTHON, "-X", "heapsize=8M", str(SCRIPT), str(paths.ROOT), str(path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases)
    return answers


def on_cpython(cases):
    """The same from this interpreter."""
    return list(verdicts(json.dumps(case) for case in cases))
