"""RTX and CTX: two pins by which a host wakes a Notecard that sleeps between transactions (Notecard WiFi).

note-python transaction_manager.py, note-arduino NoteTxn_Arduino.cpp: RTX is driven high, CTX pulled up and
looked at every millisecond until it is high; after the transaction RTX floats again. A Notecard without the
feature leaves CTX pulled up, and passes at once.
"""

from notedfu.const import const
from notedfu.errors import LinkError

_TIMEOUT_MS = const(30000)  # until CTX is high (note-python)
_LOOK_MS = const(1)  # between two looks at it (the same)


class Waker:
    """Wakes the Notecard before a request, and lets it sleep after the reply.

    lines: what a port gives, with `request()` RTX high and CTX pulled up, `is_granted()` whether CTX is high,
        `listen_no_more()` CTX's pull-up off, `release()` RTX floating.
    Allocates nothing.
    """

    def __init__(self, lines, clock):
        self._lines = lines
        self._clock = clock

    def start(self):
        """Return when the Notecard listens; LinkError `no-notecard` if it does not within 30 s."""
        lines, clock = self._lines, self._clock
        began = clock.ms()
        lines.request()
        granted = lines.is_granted()
        while not granted and clock.since(began) < _TIMEOUT_MS:
            clock.sleep(_LOOK_MS)
            granted = lines.is_granted()
        lines.listen_no_more()
        if not granted:
            lines.release()
            raise LinkError(
                "no-notecard", "CTX is not high %d ms after RTX: check the two pins" % _TIMEOUT_MS
            )

    def stop(self):
        """The Notecard may sleep again."""
        self._lines.release()
