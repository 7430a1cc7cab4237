"""The board's hardware as the library sees it (docs/PORTING.md), on virtual time; dead without power."""

import hashlib
import os

from tools.flash.cut import PowerCut
from tools.notecard.i2c import I2CBus
from virtual import VirtualTime

# what a library without defects never raises
_DEFECTS = (AssertionError, AttributeError, ImportError, IndexError, NameError, TypeError, ValueError)


_PERIOD = 1 << 30  # of VirtualTime's ticks
_JUMP_EVERY = 53  # transactions on the bus
_JUMPS = (90000, -86400000, 400000000, -1500, 86400000, -400000000)  # ms


class Reset(BaseException):
    """The board resets."""


class Time(VirtualTime):
    """Time that stands still on a board without power. nor: the chip of this boot."""

    nor = None

    def check(self):
        """PowerCut if there is no power: nothing goes on, whatever caught the first one."""
        if self.nor.dead:
            raise PowerCut()

    def jump(self, ms):
        """The clock jumps, and no time passes. The ticks wrap."""
        self._now = (self._now + ms) % _PERIOD

    def ticks_ms(self):
        self.check()
        return super().ticks_ms()

    def advance(self, ms):
        self.check()
        super().advance(ms)

    def clock(self):
        from notedfu.clock import Clock

        return Clock(self.ticks_ms, self.ticks_diff, self.sleep_ms)

    def elapsed(self):
        return int(self.elapsed_ms)


class Bus(I2CBus):
    """A bus: the power goes after transaction `world.bus_cut`, which the Notecard got; 0: never."""

    def __init__(self, world, hertz):
        super().__init__(world.notecard.front, world.time.advance, hertz)
        self._world = world

    def _run(self, transaction, address, what):
        world = self._world
        world.time.check()
        answer = super()._run(transaction, address, what)
        world.transactions += 1
        if world.jumps and world.transactions % _JUMP_EVERY == 0:
            world.time.jump(_JUMPS[world.transactions // _JUMP_EVERY % len(_JUMPS)])
        if world.transactions == world.bus_cut:
            world.nor.power_off()
            raise PowerCut()
        return answer


class Port:
    """What bootup.run() is given."""

    acts_in_boot = False
    passing = ()

    def __init__(self, world):
        self._world = world
        self._time = world.time
        self.root = world.root

    def clock(self):
        return self._time.clock()

    def ms(self):
        return self._time.ticks_ms()

    def bus(self, settings):
        return Bus(self._world, settings.i2c_hz)

    def region(self, settings):
        return self._world.region

    def sha256(self, data=b""):
        return hashlib.sha256(data)

    def md5(self):
        return hashlib.md5()

    def random16(self):
        self._world.boots += 1
        return self._world.boots * 257 & 0xFFFF

    def exists(self, path):
        try:
            os.stat(self.root + path)
        except OSError:
            return False
        return True

    def sizes(self, folder):
        return {entry[0]: entry[3] for entry in os.ilistdir(folder) if entry[1] == 0x8000}  # S_IFREG

    def pin_is_low(self, number):
        return False

    def guard(self, patience_ms):
        return self

    def alive(self):
        self._time.check()

    def release(self):
        self._time.check()

    def reset(self):
        self._time.check()
        raise Reset()

    def reset_after(self, delay_ms):
        self._time.advance(delay_ms)
        raise Reset()

    def say(self, text):
        self._time.check()
        self._world.said.append(text)

    def keep(self, record):
        return False

    def kept(self):
        return b""

    def complain(self, error):
        self._time.check()
        if not isinstance(error, Exception):
            raise error  # the end of the boot, which no app raised
        self._world.said.append("%s: %s" % (type(error).__name__, error))
        if isinstance(error, _DEFECTS):
            kind = "flicker" if self._hides_app(error) else "defect"
            self._world.wrong.append((kind, self._world.said[-1]))

    def _hides_app(self, error):
        """Whether FAT's unsettled bits may hide an app that was whole when it was looked at."""
        flickers = self._world.geometry.kind == "fat" and self._world.store.unsettled
        return flickers and isinstance(error, ImportError) and "'app'" in str(error)
