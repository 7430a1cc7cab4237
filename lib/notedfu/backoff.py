"""How long to wait after a fault of the link: ever longer, until there is progress."""

from notedfu.const import const

_FIRST_MS = const(2000)
_DOUBLINGS = const(12)
_EXHAUSTED = const(6)  # faults in a row; then the transfer is put off


class Backoff:
    """Pauses from 4 s on, doubled at each fault up to longest_ms.

    Only progress makes them short again: bytes beyond those of the last time. A Notecard that answers
    everything but one piece of the image is not asked for it every few seconds for ever.
    """

    def __init__(self, longest_ms):
        self._longest_ms = longest_ms
        self.reset()

    def reset(self):
        """Another image, or none, and all is well."""
        self._faults = 0
        self._furthest = 0

    def reached(self, done):
        """`done` bytes are staged."""
        if done > self._furthest:
            self._furthest = done
            self._faults = 0

    def fault(self):
        """Count one more; returns the ms to wait."""
        self._faults += 1
        return min(_FIRST_MS << min(self._faults, _DOUBLINGS), self._longest_ms)

    @property
    def exhausted(self):
        """Whether there were too many to go on in the same state."""
        return self._faults > _EXHAUSTED
