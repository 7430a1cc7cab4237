"""machine.Timer: soft timers, called between the bytecodes of whatever runs, the REPL's wait included.

On boards the scheduler calls them in the main thread; here a second thread does, which takes turns with it.
"""

import _thread
import sys
import time

_STEP_MS = 20
_running = []


class Timer:
    """As on rp2: Timer(-1) or Timer(), then init(). A callback gets the timer; its exception is printed."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **settings):
        if id != -1:
            raise ValueError("Timer doesn't exist")
        if settings:
            self.init(**settings)

    def init(self, *, mode=PERIODIC, freq=-1, period=-1, callback=None, hard=False):
        self._repeats = mode == self.PERIODIC
        self._period_ms = period if freq <= 0 else int(1000 / freq)
        self._callback = callback
        self._due = time.ticks_add(time.ticks_ms(), self._period_ms)
        if not _running:
            _thread.start_new_thread(_serve, ())
        if self not in _running:
            _running.append(self)

    def deinit(self):
        self._callback = None

    def turn(self):
        """Call the callback if its time has come; returns whether the timer is done with."""
        if self._callback is not None and time.ticks_diff(time.ticks_ms(), self._due) >= 0:
            self._due = time.ticks_add(self._due, self._period_ms)
            try:
                self._callback(self)
            except Exception as error:  # noqa: BLE001 - as on boards, it is printed and the timer goes on
                sys.print_exception(error)
            if not self._repeats:
                self._callback = None
        return self._callback is None


def _serve():
    """The thread: it ends with the process, at the next reset."""
    while True:
        time.sleep_ms(_STEP_MS)
        for timer in list(_running):
            if timer.turn():
                _running.remove(timer)
        if not _running:
            return
