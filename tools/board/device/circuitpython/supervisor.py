"""The module `supervisor`."""

from tools.board.device import circuitpython as here

_PERIOD = 1 << 29
_START = _PERIOD - 65000  # the documentation: it wraps for the first time about 65 s after power-up


class ReloadException(BaseException):
    """The VM ends, and code.py runs again. A builtin there."""


class RunReason:
    """Why this run has begun."""

    STARTUP = "startup"
    AUTO_RELOAD = "auto reload"
    SUPERVISOR_RELOAD = "supervisor.reload()"
    REPL_RELOAD = "Ctrl-D"


class _Runtime:
    autoreload = True
    usb_connected = False
    serial_connected = False
    safe_mode_reason = None

    @property
    def run_reason(self):
        return here.current.run_reason


runtime = _Runtime()


def ticks_ms():
    """Milliseconds, modulo 2**29."""
    return (_START + int(here.current.now_ms())) % _PERIOD


def reload():
    """It may be caught; the VM goes on then, as if it had not been called."""
    here.current.run_reason = RunReason.SUPERVISOR_RELOAD
    raise ReloadException()


def save():
    """Not of the module: the computer has saved a file, which falls into whatever runs."""
    if runtime.autoreload:
        here.current.run_reason = RunReason.AUTO_RELOAD
        raise ReloadException()
