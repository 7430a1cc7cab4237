"""MicroPython: esp32, rp2, stm32 and whatever else has `machine`. docs/PORTING.md lists the obligations."""

import os
import sys
import time

import machine

from notedfu.clock import Clock
from notedfu.port.base import BasePort

_HARDWARE_WATCHDOG_MS = 8000  # rp2 takes 8388 at most (docs: machine.WDT)
_FEED_MS = 1000


class Port(BasePort):
    """What this interpreter gives to the core."""

    root = os.getcwd().rstrip("/")  # where boot.py lies: stm32 boots from /flash, or /sd if a card is in
    acts_in_boot = False  # main.py acts: it may write, and the raw REPL skips it

    def clock(self):
        """A Clock over this board's ticks."""
        return Clock(time.ticks_ms, time.ticks_diff, time.sleep_ms)

    def bus(self, settings):
        """The I2C bus, as i2c.I2CLink wants it."""
        from notedfu.port.wires import bus

        return bus(settings)

    def serial(self, settings):
        """The UART, as uart.UartLink wants it."""
        from notedfu.port.wires import serial

        return serial(settings)

    def wake_lines(self, settings):
        """The pins RTX and CTX, as waker.Waker wants them."""
        from notedfu.port.wires import WakeLines

        return WakeLines(settings.rtx_pin, settings.ctx_pin)

    def region(self, settings):
        """The raw flash region for staging, a block device; LocalError `no-region` if there is none."""
        from notedfu.port.regions import region

        return region(settings)

    def banks(self):
        """What the bootloader starts firmwares from: an ESP32's OTA partitions. LocalError `no-banks`."""
        try:
            from notedfu.port.banks import Banks
        except ImportError:
            from notedfu.errors import LocalError

            raise LocalError("no-banks", "this interpreter has no esp32.Partition") from None
        return Banks()

    def rom(self):
        """The board's ROMFS partition. LocalError `no-rom`."""
        try:
            from notedfu.port.roms import rom
        except ImportError:
            from notedfu.errors import LocalError

            raise LocalError("no-rom", "this interpreter has no module vfs") from None
        return rom()

    def sha256(self, data=b""):
        """A new running SHA-256 of `data`; LocalError `no-sha256` where the interpreter has none."""
        try:
            from hashlib import sha256
        except ImportError as error:
            from notedfu.errors import LocalError

            raise LocalError("no-sha256", "this interpreter has no hashlib.sha256") from error
        return sha256(data)

    def md5(self):
        """A new running MD5, or None where the interpreter has none."""
        try:
            from hashlib import md5
        except ImportError:
            return None
        return md5()

    def random16(self):
        """A number from 0 to 65535, another one at each boot."""
        first, second = os.urandom(2)
        return first << 8 | second

    def pin_is_low(self, pin):
        """Whether `pin`, pulled up, is held low; False for -1."""
        if pin == -1:
            return False
        return machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP).value() == 0

    def reset(self):
        """A hard reset. Does not return."""
        machine.reset()

    def complain(self, error):
        """An error, with its traceback, on the console."""
        sys.print_exception(error)

    def keep(self, record):
        """False: here the filesystem can always be written."""
        return False

    def kept(self):
        """Nothing."""
        return b""

    def hand_over(self, settings):
        """Nothing to do."""

    def _watch(self, clock):
        return Guard(clock)


class Guard:
    """A hardware watchdog that a timer feeds for as long as alive() keeps being called.

    The hardware's limit is a few seconds; an app's patience may be minutes. A soft reset does not stop the
    hardware and ends the timer, so boot.py makes the next guard. A board that has no timer for Python, or no
    watchdog, is not guarded: a person at its REPL could not be kept from being reset.
    """

    def __init__(self, clock):
        self._clock = clock
        self._patience_ms = None
        self._last = clock.ms()
        self._watchdog = None
        self._timer = _timer(self._feed)
        if self._timer is not None:
            try:
                self._watchdog = machine.WDT(timeout=_HARDWARE_WATCHDOG_MS)
            except (AttributeError, NotImplementedError, OSError, ValueError):
                self._timer.deinit()

    def demand(self, patience_ms):
        """From now on alive() must be called at least every patience_ms; never if that is None."""
        self._last = self._clock.ms()
        self._patience_ms = patience_ms

    def alive(self):
        """The app or the updater is at work."""
        self._last = self._clock.ms()

    def _feed(self, _):
        if self._watchdog is None:
            return
        if self._patience_ms is None or self._clock.since(self._last) < self._patience_ms:
            self._watchdog.feed()


def _timer(callback):
    """A periodic timer, running; None where there is none. Numbers: soft ones (-1), else esp32's last."""
    for number in (-1, 3, 1):
        try:
            timer = machine.Timer(number)
            timer.init(period=_FEED_MS, mode=machine.Timer.PERIODIC, callback=callback)
            return timer
        except (AttributeError, NotImplementedError, OSError, TypeError, ValueError):
            pass
    return None
