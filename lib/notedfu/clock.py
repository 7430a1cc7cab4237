"""Time as the core sees it: milliseconds that wrap, and waits that keep watchdogs fed."""

_SLICE_MS = 100  # the longest sleep without a tick; callers may count on 250


class Clock:
    """A port's time functions, with a tick in every wait.

    ticks_ms, ticks_diff, sleep_ms: as MicroPython's `time` has them; ticks_ms may wrap.
    ms(): now, to be given to since() and to nothing else: it wraps. It is ticks_ms itself.
    nap(ms): sleep_ms itself, for waits so short that others around them tick.
    diff(later, earlier): ticks_diff itself.
    Nothing here allocates.
    """

    def __init__(self, ticks_ms, ticks_diff, sleep_ms):
        self.ms = ticks_ms
        self.diff = ticks_diff
        self.nap = sleep_ms
        self.on_tick = None

    def since(self, start):
        """Milliseconds from `start`, which is from ms()."""
        return self.diff(self.ms(), start)

    def tick(self):
        """Call on_tick, if there is one. Long work calls this at most 250 ms apart."""
        if self.on_tick is not None:
            self.on_tick()

    def sleep(self, ms):
        """Wait `ms` milliseconds, ticking at most 250 ms apart."""
        while ms > _SLICE_MS:
            self.nap(_SLICE_MS)
            self.tick()
            ms -= _SLICE_MS
        if ms > 0:
            self.nap(ms)
        if self.on_tick is not None:
            self.on_tick()


class Seconds:
    """Whole seconds since `start`, from the clock's ms(), or since it was made. Ticks wrap; this does not, if
    it is asked once in three days (CircuitPython's ticks wrap in six)."""

    def __init__(self, clock, start=None):
        self._clock = clock
        self._since = clock.ms() if start is None else start
        self._rest_ms = 0
        self._passed = 0

    def passed(self):
        """How many seconds have passed."""
        ms = self._clock.since(self._since)
        if ms >= 1000:
            self._since = self._clock.ms()
            ms += self._rest_ms
            self._passed += ms // 1000
            self._rest_ms = ms % 1000
        return self._passed
