"""The module `machine`, as a program on rp2 sees it."""

import time

from tools.board.device.i2c import I2C  # noqa: F401 - part of the module
from tools.board.device.timer import Timer  # noqa: F401 - part of the module
from tools.board.device.uart import UART  # noqa: F401 - part of the module

PWRON_RESET = 1
WDT_RESET = 3
SOFT_RESET = 5  # on esp32 alone

_control = None
_cause = PWRON_RESET


def install(control, cause):
    """Give the module its wire to the supervisor, and the cause of this boot."""
    global _control, _cause
    _control = control
    _cause = cause


def reset():
    """A hard reset: the supervisor ends this process."""
    _control.halt(b"reset\n")


def soft_reset():
    """As on boards, an exception: it can be caught."""
    raise SystemExit


def bootloader(timeout=0):
    """The board is gone until its button is pressed."""
    _control.halt(b"bootloader\n")


def deepsleep(ms=0):
    """Off for `ms`, for ever without; then a reset."""
    _control.halt(b"deepsleep %d\n" % ms)


def lightsleep(ms=0):
    time.sleep_ms(ms)


def idle():
    time.sleep_ms(1)


def reset_cause():
    """As rp2 tells it: machine.reset() too is a WDT_RESET."""
    return _cause


def unique_id():
    return b"\xe6\x61\xa4\xd1\x17\x2b\x3c\x2d"


def freq(hz=None):
    return 125000000


def disable_irq():
    return 0


def enable_irq(state):
    pass


class WDT:
    """The watchdog: it can't be stopped, and its clock is not in this process."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("WDT(%s) doesn't exist" % id)
        if not 1 <= timeout <= 8388:
            raise ValueError("timeout exceeds 8388")
        _control.tell(b"watchdog %d\n" % timeout)

    def feed(self):
        _control.tell(b"feed\n")


class Pin:
    """A pin that nothing is wired to: it reads what its pull or its last output makes it."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(self, id, mode=-1, pull=-1, *, value=None, alt=-1):
        self._id = id
        self._value = 1 if pull == Pin.PULL_UP else 0
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None, alt=-1):
        if value is not None:
            self._value = int(bool(value))

    def value(self, value=None):
        if value is not None:
            self._value = int(bool(value))
            return None
        return self._value

    __call__ = value

    def on(self):
        self._value = 1

    def off(self):
        self._value = 0

    def toggle(self):
        self._value ^= 1

    def irq(self, handler=None, trigger=0, hard=False):
        pass

    def __repr__(self):
        return "Pin(%s)" % self._id


class Signal(Pin):
    """A Pin by another name."""


class RTC:
    """The clock of the host, which can't be set."""

    def datetime(self, datetime=None):
        now = time.gmtime()
        return (now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0)
