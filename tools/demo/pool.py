"""Demos beside each other: each in a process and a build folder of its own, as they mostly wait."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tools import paths

_AT_ONCE = 2
_TIMEOUT_S = 180


class Ended:
    """One demo that has been run: `passed`, its `text`, and its demo.json as `result`, or None."""

    def __init__(self, one):
        self.one = one
        folder = paths.BUILD / "demos" / "-".join(one)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "demo.json").unlink(missing_ok=True)
        link, staging, scenario, key = one
        command = [sys.executable, "-m", "tools.demo", "--link", link, "--staging", staging]
        command += ["--scenario", scenario, "--key", key]
        environment = dict(os.environ, NOTEDFU_BUILD=str(folder))
        try:
            done = subprocess.run(
                command,
                cwd=paths.ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=_TIMEOUT_S,
            )
            self.passed, self.text = done.returncode == 0, done.stdout
        except subprocess.TimeoutExpired as late:
            said = (late.stdout or b"").decode("utf-8", "replace")
            self.passed, self.text = False, "%s\n  FAILED: no end in %d s\n" % (said, _TIMEOUT_S)
        self.result = None
        if (folder / "demo.json").exists():
            self.result = json.loads((folder / "demo.json").read_text())


def run(demos, seen=lambda ended: None):
    """Run all of `demos`, tuples (link, staging, scenario, key); returns an Ended for each, in order.

    seen(Ended) is called as each ends.
    """

    def one_of(one):
        ended = Ended(one)
        seen(ended)
        return ended

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ended = list(pool.map(one_of, demos))
    # a demo runs on the wall clock, and a busy computer may be too slow for the person's part: again, alone
    return [one if one.passed else one_of(one.one) for one in ended]
