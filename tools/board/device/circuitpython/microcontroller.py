"""The module `microcontroller`."""

import sys

from tools.board.device import circuitpython as here


class Pin:
    """A pin: no constructor that a program could call."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return "board." + self.name


class _Pins:
    """The namespace microcontroller.pin."""


pin = _Pins()
for _number in range(30):
    setattr(pin, "GPIO%d" % _number, Pin("GPIO%d" % _number))


class Nvm:
    """nvm.ByteArray: slices without a step, assigned at their own length.

    Each assignment rewrites a flash sector.
    """

    def __len__(self):
        return len(here.current.nvm)

    def __getitem__(self, index):
        if isinstance(index, slice):
            if index.step not in (None, 1):
                raise NotImplementedError("only slices with step=1 (aka None) are supported")
            return bytearray(here.current.nvm[index.start or 0 : _end(index)])
        return here.current.nvm[index]

    def __setitem__(self, index, value):
        self._assign(index, value)
        here.current.nvm_writes += 1
        if here.current.on_nvm:
            here.current.on_nvm()

    def _assign(self, index, value):
        if not isinstance(index, slice):
            here.current.nvm[index] = value
            return
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError("Array/bytes required on right side")
        start, end = index.start or 0, _end(index)
        if len(value) != end - start:
            raise ValueError("Slice and value different lengths.")
        here.current.nvm[start:end] = value


def _end(index):
    size = len(here.current.nvm)
    return size if index.stop is None else min(index.stop, size)


class RunMode:
    """What on_next_reset() takes."""

    NORMAL = "normal"
    SAFE_MODE = "safe mode"
    UF2 = "uf2"
    BOOTLOADER = "bootloader"


_nvm = Nvm()


def reset():
    """A hard reset."""
    here.current.reset()


def on_next_reset(run_mode):
    pass


def __getattr__(name):
    if name == "nvm":
        return _nvm if here.current.nvm is not None else None
    if name == "watchdog":
        return sys.modules["watchdog"].timer
    raise AttributeError(name)
