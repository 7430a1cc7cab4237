"""Turns CPython into MicroPython with memory beside its heap: `launch.py FOLDER ROM FLASH ARGUMENTS`.

FOLDER is where the wheel's interpreter lies. The files ROM and FLASH are mapped; the interpreter gets their
addresses and lengths as its first four arguments behind the script's name, and reaches them by uctypes, as a
board reaches its flash. FLASH is written through; "-" is none.
"""

import ctypes
import mmap
import os
import sys


def mapped(path):
    """(address, length) of the file in memory."""
    if path == "-":
        return 0, 0
    fd = os.open(path, os.O_RDWR)
    memory = mmap.mmap(fd, 0)
    _kept.append(memory)
    return ctypes.addressof(ctypes.c_char.from_buffer(memory)), len(memory)


_kept = []
sys.path.insert(0, sys.argv[1])
import micropython_run  # noqa: E402 - found in the folder given

numbers = [str(number) for path in sys.argv[2:4] for number in mapped(path)]
script = next(at for at, word in enumerate(sys.argv) if at > 3 and word.endswith("main.py"))
sys.exit(
    micropython_run.run_main(["micropython"] + sys.argv[4 : script + 1] + numbers + sys.argv[script + 1 :])
)
