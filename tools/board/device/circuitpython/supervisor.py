"""The module `supervisor`."""

from tools.board.device import circuitpython as here

_PERIOD = 1 << 29
_START = _PERIOD - 65000  # the documentation: it wraps for the first time about 65 s after power-up


class Reload(BaseException):
    """The VM ends, and code.py runs again."""


class _Runtime:
    autoreload = True
    usb_connected = False
    serial_connected = False
    safe_mode_reason = None


runtime = _Runtime()


def ticks_ms():
    """Milliseconds, modulo 2**29."""
    return (_START + int(here.current.now_ms())) % _PERIOD


def reload():
    raise Reload()
