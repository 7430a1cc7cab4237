"""Virtual time: a clock that passes only when somebody waits, the same on every interpreter."""

from notedfu.clock import Clock

_PERIOD = 1 << 30


class VirtualTime:
    """Milliseconds that pass by sleep_ms() and advance() alone; ticks wrap at 2**30 as on a board."""

    def __init__(self, start=_PERIOD - 5000):
        self._now = start
        self.elapsed_ms = 0
        # calls of ticks_ms() since time last passed: a loop that spins without waiting shows here
        self.spins = 0
        self.ends_ms = None  # when elapsed_ms gets there, end() is called, once
        self.end = None

    def advance(self, ms):
        self._now = (self._now + ms) % _PERIOD
        self.elapsed_ms += ms
        self.spins = 0
        if self.ends_ms is not None and self.elapsed_ms >= self.ends_ms:
            self.ends_ms = None
            self.end()

    def ticks_ms(self):
        self.spins += 1
        if self.spins > 100000:
            raise AssertionError("a loop spins without time passing")
        return int(self._now)

    def ticks_diff(self, later, earlier):
        half = _PERIOD // 2
        return (later - earlier + half) % _PERIOD - half

    def sleep_ms(self, ms):
        self.advance(ms)

    def clock(self):
        return Clock(self.ticks_ms, self.ticks_diff, self.sleep_ms)
