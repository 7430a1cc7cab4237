"""A Notecard on a UART: its main port (9600 baud), its AUX port (115200 unless set otherwise) or USB.

dev.blues.io, notecard-interfaces. 8N1, no flow control: what comes while nobody reads is lost as soon as the
port's receive buffer is full, so flash must rest between a request and the end of its reply.
"""

from notedfu.const import const
from notedfu.errors import LinkError
from notedfu.link import Link

_SEGMENT = (
    250  # the Notecard's receive buffer takes 250 bytes at a time (note-c, CARD_REQUEST_UART_SEGMENT_MAX_LEN)
)
_SEGMENT_MS = (
    250  # ... and wants so long before the next; none after the last (note-c; note-python waits there too)
)
_NEWLINE_MS = const(250)  # before the newline of a resync (note-c, n_serial.c)
_FIRST_POLL_MS = const(10)  # note-c's, until the first byte; at 115200 baud 115 bytes come meanwhile
_POLL_MS = const(1)  # between bytes, where note-c spins


class UartLink(Link):
    """A Notecard behind `serial`: any(), readinto(buf, n), write(buf, n).

    size: bytes of the buffer, which is the most that one read takes and at least 250; a port's receive buffer
        of 256 is enough. Allocates it once.
    """

    holds_reply = False

    def __init__(self, serial, clock, size=256):
        super().__init__(clock, max(size, _SEGMENT))
        self._serial = serial

    def send(self, buf, n):
        """Send buf[:n], a request with its newline, in segments with pauses between. What was left over from
        an earlier reply is dropped first.

        Raises LinkError bus-fault if the port fails, or if bytes come without an end.
        """
        self._drop_stale()
        at = 0
        while at < n:
            if at:
                self._clock.sleep(_SEGMENT_MS)
            size = min(n - at, _SEGMENT)
            if at:
                self._buf[:size] = memoryview(buf)[at : at + size]
                self._write(self._buf, size)
            else:
                self._write(buf, size)
            at += size

    def _take(self):
        try:
            n = min(self._serial.any(), len(self._buf))
            self._start = 0
            self._end = (self._serial.readinto(self._buf, n) or 0) if n else 0
        except OSError as error:
            raise _fault(error) from None
        return self._end > 0

    def _take_known(self):
        return self._take()

    def _newline(self):
        self._clock.sleep(_NEWLINE_MS)
        self._buf[0] = 10
        self._write(self._buf, 1)
        return True

    def _pause_ms(self, quiet_ms):
        return _POLL_MS if quiet_ms < _FIRST_POLL_MS else _FIRST_POLL_MS

    def _write(self, buf, n):
        try:
            self._serial.write(buf, n)
        except OSError as error:
            raise _fault(error) from None


def _fault(error):
    """The LinkError for an OSError of the port."""
    return LinkError("bus-fault", "UART: error %r" % (error.args[:1],))
