"""const() for CPython; MicroPython and CircuitPython compile `_NAME = const(1)` away to the number."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value
