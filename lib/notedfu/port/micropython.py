"""MicroPython: esp32, rp2, stm32 and whatever else has `machine`. docs/PORTING.md lists the obligations.

Here is what every boot needs; `later` has the rest.
"""

import sys
import time

import machine

from notedfu.port import BasePort


class Port(BasePort):
    """What this interpreter gives to the core."""

    acts_in_boot = False  # main.py acts: it may write, and the raw REPL skips it

    def __getattr__(self, name):
        """The obligations of which a boot with nothing to do asks for none."""
        from notedfu.port import later

        return getattr(later, name)

    def ms(self):
        """Milliseconds now, as clock().ms() has them."""
        return time.ticks_ms()

    def reset(self):
        """A hard reset. Does not return."""
        machine.reset()

    def _show(self, error):
        sys.print_exception(error)

    def _watch(self):
        return Guard()

    def _noise(self):
        return time.ticks_us()


class Guard:
    """A hardware watchdog that a timer feeds for as long as alive() keeps being called.

    The hardware's limit is a few seconds; an app's patience may be minutes. A soft reset does not stop the
    hardware and ends the timer, so boot.py makes the next guard. A board that has no timer for Python, or no
    watchdog, is not guarded: a person at its REPL could not be kept from being reset.
    """

    def __init__(self):
        self._patience_ms = None
        self._last = time.ticks_ms()
        self._watchdog = None
        self._timer = self._started_timer()
        if self._timer is not None:
            try:
                self._watchdog = machine.WDT(timeout=8000)  # ms; rp2 takes 8388 at most (docs: machine.WDT)
            except Exception:  # noqa: BLE001 - ports disagree about what they raise, and the app is to run
                self._timer.deinit()

    def demand(self, patience_ms):
        """From now on alive() must be called at least every patience_ms; never if that is None."""
        self._last = time.ticks_ms()
        self._patience_ms = patience_ms

    def alive(self):
        """The app or the updater is at work."""
        self._last = time.ticks_ms()

    def _feed(self, _):
        if self._watchdog is None:
            return
        if self._patience_ms is None or time.ticks_diff(time.ticks_ms(), self._last) < self._patience_ms:
            self._watchdog.feed()

    def _started_timer(self):
        """A periodic timer, running; None where there is none. Numbers: soft ones (-1), else esp32's last."""
        try:
            made = machine.Timer
        except AttributeError:
            return None
        for number in (-1, 3, 1):
            try:
                timer = made(number)
                timer.init(period=1000, mode=made.PERIODIC, callback=self._feed)
                return timer
            except Exception:  # noqa: BLE001 - as above
                pass
        return None


# one object from boot.py to the next reset: the watchdog's guard, which boot.py makes, belongs to it
port = Port()
