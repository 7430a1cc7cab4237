"""What the two links have in common: lines in, and the way back to a quiet line after a fault.

A link has these obligations:
    _take()              brings what has come into self._from, sets self._start and self._end; True if any.
                         self._from: self._buf, or a view of it
    _take_known()        the same, but asks nothing of a Notecard that may have nothing
    _newline()           sends a bare newline, with its pause; False if the Notecard did not take it
    _pause_ms(quiet_ms)  how long to wait before the next look, after quiet_ms without a byte

The numbers are note-c's (n_lib.h, n_i2c.c, n_serial.c), which the Notecard is tested with.
"""

from notedfu.const import const
from notedfu.errors import LinkError

_BETWEEN_MS = const(1000)  # the longest silence inside a line
_LINE_MS = const(120000)  # a line that has begun ends within; 64 KiB take 68 s at 9600 baud
_LINE_BYTES = const(
    65536
)  # no reply is longer (8192 bytes of image are 11 KB of base64): beyond it is babble
_RESYNC_TRIES = const(10)
_RESYNC_MS = const(30000)  # all of a resync; a stale reply of 11 KB takes 12 s at 9600 baud
_SETTLE_MS = const(250)  # after a fault while draining
_QUIET_MS = const(500)  # so long nothing but CR and LF may come before the line counts as quiet
_NEWLINE = const(10)
_BLANK = b"\r\n"


class Link:
    """A byte pipe to a Notecard. `size`: bytes of the one buffer, which holds what was received last.

    Nothing here allocates, but for faults.
    """

    def __init__(self, clock, size):
        self._clock = clock
        self._from = self._buf = bytearray(size)
        self._start = 0  # self._from[_start:_end] has been received and not yet been fed on
        self._end = 0
        self._heard = False  # something came in this resync, a fault of the link included

    def receive(self, stage, timeout_ms):
        """Feed what comes to stage.feed(buf, start, end), until that returns true: what the stage waits for
        has ended at stage.consumed. What lies behind is kept for the next call.

        timeout_ms: for the first byte, and all in all until a line is one that the stage wants; between later
            bytes it is 1 s, and 2 min for all of them.
        Raises LinkError no-reply, short-reply, bus-fault, bad-packet, bad-reply; and what the stage raises.
        """
        clock = self._clock
        left = _LINE_BYTES
        began = heard = clock.ms()
        allowed_ms = timeout_ms
        end = 0  # of what has been fed, since the last silence
        while left > 0:
            if self._start == self._end and not self._take():
                if end:
                    heard, allowed_ms = began, timeout_ms
                    if self._from[end - 1] != _NEWLINE:
                        heard, allowed_ms = clock.ms(), _BETWEEN_MS
                    end = 0
                if clock.since(began) >= timeout_ms + _LINE_MS:
                    raise LinkError("bad-reply", "no end in %d ms" % clock.since(began))
                self._await(heard, allowed_ms, left)
                continue
            start = self._start
            self._start = end = self._end
            left -= end - start
            if stage.feed(self._from, start, end):
                self._start = stage.consumed
                return
            if clock.on_tick is not None:
                clock.on_tick()
        raise LinkError("bad-reply", "%d bytes without an end: not a Notecard's reply" % _LINE_BYTES)

    def _await(self, heard, allowed_ms, left):
        """Wait a little for the next byte; LinkError when allowed_ms have passed since `heard`."""
        quiet_ms = self._clock.since(heard)
        if quiet_ms >= allowed_ms:
            if left == _LINE_BYTES:
                raise LinkError("no-reply", "nothing came in %d ms" % quiet_ms)
            raise LinkError(
                "short-reply", "%d bytes, then nothing for %d ms" % (_LINE_BYTES - left, quiet_ms)
            )
        self._clock.sleep(min(self._pause_ms(quiet_ms), allowed_ms - quiet_ms))

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
            if self._from[at] not in _BLANK:
                return False
        return True
