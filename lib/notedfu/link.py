"""What the two links have in common: lines in, and the way back to a quiet line after a fault.

A link has these obligations:
    _take()              brings what has come into self._buf, sets self._start and self._end; True if any
    _take_known()        the same, but asks nothing of a Notecard that may have nothing
    _newline()           sends a bare newline, with its pause; False if the Notecard did not take it
    _pause_ms(quiet_ms)  how long to wait before the next look, after quiet_ms without a byte

The numbers are note-c's (n_lib.h, n_i2c.c, n_serial.c), which the Notecard is tested with.
"""

from notedfu.const import const
from notedfu.errors import LinkError

_BETWEEN_MS = const(1000)  # the longest silence inside a line
_LINE_BYTES = const(
    65536
)  # no reply is longer (8192 bytes of image are 11 KB of base64): beyond it is babble
_RESYNC_TRIES = const(10)
_RESYNC_MS = const(30000)  # all of a resync; a stale reply of 11 KB takes 12 s at 9600 baud
_SETTLE_MS = const(250)  # after a fault while draining
_QUIET_MS = const(500)  # so long nothing but CR and LF may come before the line counts as quiet
_BLANK = b"\r\n"


class Link:
    """A byte pipe to a Notecard. `size`: bytes of the one buffer, which holds what was received last.

    Nothing here allocates, but for faults.
    """

    def __init__(self, clock, size):
        self._clock = clock
        self._buf = bytearray(size)
        self._start = 0  # self._buf[_start:_end] has been received and not yet been fed on
        self._end = 0
        self._heard = False  # something came in this resync, a fault of the link included

    def receive(self, stage, timeout_ms):
        """Feed one line, its newline included, to stage.feed(buf, start, end).

        A line is a JSON reply, or a frame of binary: COBS as the Notecard has it contains no newline.
        What comes after the newline is kept for the next call.

        timeout_ms: for the first byte; between later ones it is 1 s.
        Raises LinkError no-reply, short-reply, bus-fault, bad-packet, bad-reply; and what the stage raises.
        """
        clock = self._clock
        left = _LINE_BYTES
        allowed_ms = timeout_ms
        heard = clock.ms()
        while left > 0:
            if self._start == self._end and not self._take():
                quiet_ms = clock.since(heard)
                if quiet_ms >= allowed_ms:
                    raise _silence(_LINE_BYTES - left, quiet_ms)
                clock.sleep(min(self._pause_ms(quiet_ms), allowed_ms - quiet_ms))
                continue
            start = self._start
            end = self._buf.find(b"\n", start, self._end) + 1
            self._start = end or self._end
            left -= self._start - start
            stage.feed(self._buf, start, self._start)
            if end:
                return
            heard = clock.ms()
            allowed_ms = _BETWEEN_MS
        raise LinkError("bad-reply", "%d bytes without a newline: not a Notecard's reply" % _LINE_BYTES)

    def resync(self):
        """Throw away what is under way in both directions, until a bare newline is answered by a blank line.

        Takes 0.75 s where all is well, at most 33 s and the bus's own timeouts.
        Raises LinkError no-notecard (nothing answers), bus-fault (the bus hangs, or answers nonsense).
        """
        clock = self._clock
        began = clock.ms()
        self._start = self._end = 0
        self._heard = False
        for _ in range(_RESYNC_TRIES):
            if clock.since(began) >= _RESYNC_MS:
                break
            if self._newline() and self._drain(began):
                return
        if not self._heard:
            raise self._nobody()
        raise LinkError("bus-fault", "something answers, but no blank line in %d ms" % clock.since(began))

    def _nobody(self):
        return LinkError("no-notecard", "nothing answers a newline: check wiring, power, address, baud rate")

    def _drop_stale(self):
        """Drop what is left over from an earlier reply, before a request is sent."""
        left = _LINE_BYTES
        while self._take_known():
            left -= self._end - self._start
            if left < 0:
                raise LinkError("bus-fault", "bytes come without an end: check the baud rate")
        self._start = self._end = 0

    def _drain(self, began):
        """Take and drop until it is quiet; True if something came, and all of it was CR or LF."""
        clock = self._clock
        blank = other = False
        quiet = clock.ms()
        while clock.since(quiet) < _QUIET_MS and clock.since(began) < _RESYNC_MS:
            try:
                if not self._take():
                    clock.sleep(self._pause_ms(clock.since(quiet)))
                    continue
            except LinkError:  # a fault in here is one more thing to wait out
                clock.sleep(_SETTLE_MS)
                self._heard = True
                quiet = clock.ms()
                continue
            self._heard = True
            if self._holds_blank():
                blank = True
            else:
                other = True
                quiet = clock.ms()
            self._start = self._end
        return blank and not other

    def _holds_blank(self):
        for at in range(self._start, self._end):
            if self._buf[at] not in _BLANK:
                return False
        return True


def _silence(count, quiet_ms):
    if count:
        return LinkError("short-reply", "%d bytes, then nothing for %d ms" % (count, quiet_ms))
    return LinkError("no-reply", "nothing came in %d ms" % quiet_ms)
