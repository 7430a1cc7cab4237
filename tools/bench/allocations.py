"""Allocations in the steady state: counted on 32 bits, proved absent on 64 with viper."""

import json
import shutil
import subprocess

from tools import paths
from tools.failure import Failure

_PROOF = paths.ROOT / "tests_host" / "target" / "test_heap_driver.py"
_BLOCK = 16  # bytes of a heap block on 32 bits: a view is one, an int beyond 30 bits two


def viper():
    """0 if the suite's proof under heap_lock() holds: fifty pages from the bus to the buffer. Else None."""
    runner = paths.ROOT / "tests_host" / "run_on_micropython.py"
    command = [paths.MICROPYTHON, "-X", "heapsize=1M", str(runner), str(paths.ROOT), str(_PROOF)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=paths.ROOT)
    return 0 if '"end": true' in done.stdout and '"error"' not in done.stdout else None


def bytecode():
    """Heap blocks that a page of 4096 takes in bytecode, base64's own apart.

    The 32-bit build's a2b_base64 is no C function, so what it allocates says nothing about a board's.
    """
    script = paths.ROOT / "tools" / "wasm" / "stages.py"
    command = [shutil.which("node"), str(paths.ROOT / "tools" / "wasm" / "run.mjs"), str(paths.WASM)]
    done = subprocess.run([*command, str(paths.ROOT), str(script)], capture_output=True, text=True)
    if done.returncode:
        raise Failure("the 32-bit interpreter fails: " + done.stdout)
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        "bytecode": found["binascii_crc32_alone"] / _BLOCK,
        "bytecode, crc32 by table": found["table_crc32_alone"] / _BLOCK,
    }


def measure():
    """Both."""
    return dict(bytecode(), viper=viper())
