"""The module `traceback`: print_exception(error)."""

import sys


def print_exception(exc, value=None, tb=None, limit=None, file=None, chain=True):
    if hasattr(sys, "print_exception"):  # MicroPython
        sys.print_exception(exc)
    else:
        sys.stderr.write("%s: %s\n" % (type(exc).__name__, exc))
