"""Turns a fresh CPython process into MicroPython on its terminal: `launch.py BINARY_FOLDER ARGUMENTS`.

The interpreter of the wheel is an extension module. The terminal on stdin becomes the controlling one, so
that Ctrl-C reaches the program as KeyboardInterrupt.
"""

import fcntl
import sys
import termios

sys.path.insert(0, sys.argv[1])
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
import micropython_run  # noqa: E402 - found in the folder given

sys.exit(micropython_run.run_main(["micropython"] + sys.argv[2:]))
