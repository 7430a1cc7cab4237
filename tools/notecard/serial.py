"""The UART of the Notecard: newline-terminated JSON both ways, 9600 8N1 on the main port.

SerialFrontEnd is the Notecard's end, SerialPort the host's: a receive buffer that overruns.
"""

from tools.notecard.i2c import Wire
from tools.notecard.outbox import Outbox

_BIT_TIMES = 10  # start, eight, stop
_ALL = 1 << 20


class SerialFrontEnd:
    """The Notecard's end. baud: the rate at which bytes leave it; None sends them at once."""

    def __init__(self, engine, baud=None):
        self.engine = engine
        self.outbox = Outbox(engine)
        self.baud = baud
        self.paced = baud is not None
        self._sent = 0  # bytes that have left since _began_ms
        self._began_ms = None

    def write(self, data):
        """Bytes from the host; a Notecard that is absent does not hear them."""
        self.engine.counters.wire_in += len(data)
        if self.engine.absent():
            self.outbox.forget()
        else:
            self.outbox.put(data)

    def read(self, n):
        """The bytes that have left the Notecard by now, at most n."""
        pieces = []
        while n > 0:
            piece = self.outbox.take(min(n, self._due()))
            if not piece:
                break
            self._sent += len(piece)
            n -= len(piece)
            pieces.append(piece)
        data = b"".join(pieces)
        self.engine.counters.wire_out += len(data)
        return data

    def _due(self):
        """How many bytes more the wire can have carried since it began to carry without a pause."""
        ready_ms = self.outbox.ready_ms()
        if not self.paced:
            return _ALL
        if ready_ms is None:
            self._began_ms = None
            return 0
        if self._began_ms is None or ready_ms > self._free_ms():
            self._began_ms, self._sent = ready_ms, 0
        return self._carried(self.engine.now()) - self._sent

    def _carried(self, now):
        return max(0, now - self._began_ms) * self.baud // (_BIT_TIMES * 1000)

    def _free_ms(self):
        """When the last byte has left."""
        return self._began_ms + self._sent * _BIT_TIMES * 1000 // self.baud


class SerialPort:
    """The host's port as the library gets it: any(), readinto(buf, n), write(buf, n).

    pass_ms: called with the milliseconds that a write takes at `baud`, or None. rxbuf: bytes that wait to be
    read, at most; those that come beyond are lost and counted in `overruns`. Where both ends have a rate and
    these differ, garbage arrives.
    """

    def __init__(self, front, pass_ms=None, baud=9600, rxbuf=4096):
        self.front = front
        self.overruns = 0
        self._wire = Wire(pass_ms, baud, _BIT_TIMES) if pass_ms else None
        self._rxbuf = rxbuf
        self._in_step = front.baud in (None, baud)
        self._received = bytearray()

    def any(self):
        """How many bytes can be read."""
        self._received.extend(self._heard(self.front.read(self._rxbuf - len(self._received))))
        if self.front.paced:
            self.overruns += len(self.front.read(_ALL))
        return len(self._received)

    def readinto(self, buf, n):
        """Read at most n bytes into buf; returns how many."""
        n = min(n, self.any())
        buf[:n] = self._received[:n]
        self._received = self._received[n:]
        return n

    def write(self, buf, n):
        """Send the first n bytes of buf."""
        if self._wire:
            self._wire.carry(n)
        self.front.write(self._heard(bytes(memoryview(buf)[:n])))
        return n

    def _heard(self, data):
        """What the other end makes of the bytes."""
        return data if self._in_step else bytes([byte << 3 & 0xFF ^ 0xE5 for byte in data])
