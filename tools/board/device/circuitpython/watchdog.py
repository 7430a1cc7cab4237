"""The module `watchdog`, and the timer that is microcontroller.watchdog; the limit is the board's."""

from tools.board.device import circuitpython as here


class WatchDogMode:
    """What `mode` may be, besides None."""

    RAISE = "raise"
    RESET = "reset"


class WatchDogTimeout(Exception):
    """What RAISE raises."""


class WatchDogTimer:
    """microcontroller.watchdog."""

    def __init__(self):
        self._timeout_s = 0
        self._mode = None

    @property
    def timeout(self):
        return self._timeout_s or None

    @timeout.setter
    def timeout(self, seconds):
        if seconds <= 0:
            raise ValueError("timeout must be >= 0")
        if seconds > here.current.watchdog_limit_s:
            raise ValueError("timeout duration exceeded the maximum supported value")
        self._timeout_s = seconds
        if self._mode:
            self._tell(seconds)

    @property
    def mode(self):
        return self._mode

    @mode.setter
    def mode(self, mode):
        if mode not in (None, WatchDogMode.RAISE, WatchDogMode.RESET):
            raise TypeError("mode must be of type WatchDogMode")
        if mode and not self._timeout_s:
            raise ValueError("WatchDogTimer.timeout must be greater than 0")
        self._tell(self._timeout_s if mode else None)
        self._mode = mode

    def deinit(self):
        self.mode = None

    def feed(self):
        if not self._mode:
            raise ValueError("WatchDogTimer is not currently running")
        self._tell(self._timeout_s)

    def _tell(self, timeout_s):
        if here.current.on_watchdog:
            here.current.on_watchdog(timeout_s)


timer = WatchDogTimer()


def renew():
    """A hard reset: it is off."""
    global timer
    timer = WatchDogTimer()
