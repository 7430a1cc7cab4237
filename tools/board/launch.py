"""Turns a fresh CPython process into MicroPython on its terminal: `launch.py BINARY_FOLDER ARGUMENTS`.

The interpreter of the wheel is an extension module. Its own SIGINT handler leaves C code wherever it
is, LittleFS included, which no board does; so Ctrl-C comes as SIGUSR1, whose handler is the function that
boards call: it lets KeyboardInterrupt be raised between two bytecodes. A byte into the pipe whose number is
the last argument sends that signal too, at once (see device/steady.py).
"""

import ctypes
import fcntl
import os
import signal
import sys
import termios

sys.path.insert(0, sys.argv[1])
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
import micropython_run  # noqa: E402 - found in the folder given

interrupt = ctypes.CDLL(micropython_run.__file__).mp_sched_keyboard_interrupt
set_handler = ctypes.CDLL(None).signal
set_handler.argtypes = (ctypes.c_int, ctypes.c_void_p)
set_handler.restype = ctypes.c_void_p
set_handler(signal.SIGUSR1, ctypes.cast(interrupt, ctypes.c_void_p))
heard, say = os.pipe()
fcntl.fcntl(heard, fcntl.F_SETOWN, os.getpid())
fcntl.fcntl(heard, fcntl.F_SETSIG, signal.SIGUSR1)
fcntl.fcntl(heard, fcntl.F_SETFL, os.O_ASYNC)
sys.exit(micropython_run.run_main(["micropython"] + sys.argv[2:] + [str(say)]))
