"""Serial-over-I2C as the Notecard speaks it, byte for byte (dev.blues.io serial-over-i2c-protocol).

    query   write 00 00          read  [available, 0]
    read    write 00 n           read  [available after, n, n bytes]
    write   write n, n bytes

Whether a STOP or a repeated START lies between the halves of a query or a read makes no difference.
"""

from tools.notecard.outbox import Outbox
from tools.notecard.refusal import ProtocolViolation

ADDRESS = 0x17
MTU = 253  # 255 less the two bytes of header; available saturates here
_HEADER = 2
_FILL = 0xFF  # what a bus reads when nobody drives it
_EIO = 5
_ETIMEDOUT = 110
_BIT_TIMES = 9  # a byte and its acknowledge
_HAMMER_LIMIT = 100  # fruitless queries in a row ...
_HAMMER_MS = 5  # ... closer than this: note-python pull request 79 tells of an error state


class I2CFrontEnd:
    """The Notecard's end of the bus. write() and read() are whole bus transactions.

    mtu: the most data bytes in one of the Notecard's packets. write_limit: the most it accepts in one;
    note-python sends 255. stage_ms: the time it needs to have an answer ready; a read that comes sooner gets
    the answer before. A broken rule raises ProtocolViolation and is noted in engine.violations.
    """

    def __init__(self, engine, address=ADDRESS, mtu=MTU, write_limit=MTU, stage_ms=0):
        self.engine = engine
        self.address = address
        self.mtu = mtu
        self.write_limit = write_limit
        self.stage_ms = stage_ms
        self.outbox = Outbox(engine)
        self._staged = None  # what the host asked for: a count of data bytes
        self._staged_ms = 0
        self._announced = 0  # the available that the host read last: it may ask for no more
        self._lag = 0  # reads that are still answered with the answer before
        self._before = bytes(_HEADER)
        self._fruitless = 0
        self._queried_ms = None

    def write(self, address, data):
        """A write transaction; OSError if it is not acknowledged."""
        self._bus(address)
        if not data:
            return  # an empty write: the scan of a bus
        self.engine.counters.wire_in += len(data)
        if data[0] == 0:
            self._stage(data)
        else:
            self._data(data)

    def read(self, address, n):
        """A read transaction of n bytes; OSError if it is not acknowledged."""
        self._bus(address)
        if self._staged is None:
            self._refuse("a read of %d bytes that no 00 n announced" % n)
        if n != self._staged + _HEADER:
            self._refuse(
                "a read of %d bytes after 00 %02X, which gives %d" % (n, self._staged, self._staged + 2)
            )
        answer = self._answer(self._staged)
        self._staged = None
        answer = self._lagging(answer, n)
        self._announced = answer[0]
        self.engine.counters.wire_out += n
        return answer

    def _bus(self, address):
        """The address byte: who hears it, and the faults of the bus."""
        faults = self.engine.faults
        if address != self.address or self.engine.absent() or faults.hit("nack"):
            raise OSError(_EIO)
        if faults.hit("hang"):
            raise OSError(_ETIMEDOUT)

    def _refuse(self, text):
        self.engine.violation("i2c: " + text)
        raise ProtocolViolation(text)

    def _stage(self, data):
        if len(data) != 2:
            self._refuse("a request to read has 2 bytes, not %d" % len(data))
        n = data[1]
        if n > self._announced:
            self._refuse("asked for %d bytes when %d were announced" % (n, self._announced))
        if n == 0:
            self._note_query()
        self._staged = n
        self._staged_ms = self.engine.now()

    def _note_query(self):
        """Count fruitless queries without a pause."""
        now = self.engine.now()
        soon = self._queried_ms is not None and now - self._queried_ms < _HAMMER_MS
        self._queried_ms = now
        self._fruitless = self._fruitless + 1 if soon and self.outbox.available() == 0 else 0
        if self._fruitless > _HAMMER_LIMIT:
            self._fruitless = 0
            self._refuse("%d queries in a row less than %d ms apart" % (_HAMMER_LIMIT, _HAMMER_MS))

    def _data(self, data):
        n = data[0]
        if n > self.write_limit:
            self._refuse("a packet of %d bytes, more than %d" % (n, self.write_limit))
        if len(data) != n + 1:
            self._refuse("a packet of %d bytes that says it has %d" % (len(data) - 1, n))
        self._staged = None
        self._announced = self._lag = 0
        self.outbox.put(data[1:])

    def _answer(self, n):
        """Header and data for a request to read n bytes. Fewer than n are there only after a fault."""
        waiting = self.outbox.available()
        data = self.outbox.take(n)
        count = len(data)
        if count and self.engine.faults.hit("bad-count"):
            count -= 1
        left = min(waiting - len(data), self.mtu)  # 0 at the end of a stage, whatever comes behind it
        return bytes([left, count]) + data + bytes([_FILL] * (n - len(data)))

    def _lagging(self, answer, n):
        """The answer clocked out to n bytes, or the one before: when read too soon, and as a fault."""
        faults = self.engine.faults
        if self.engine.now() - self._staged_ms < self.stage_ms:
            self._lag = 1
        elif self._lag == 0 and faults.hit("stale-header"):
            self._lag = faults.value("stale-header")
        late, self._before = self._before, answer
        if self._lag == 0:
            return answer
        self._lag -= 1
        return late[:n] + bytes([_FILL] * (n - len(late)))


class I2CBus:
    """The bus as a port gives it to the library: write(address, buf, n), read(address, buf, n).

    pass_ms: called with the milliseconds that the wire takes at `hertz`, or None. A ProtocolViolation
    passes through, so that a test sees it.
    """

    def __init__(self, front, pass_ms=None, hertz=100000):
        self.front = front
        self._wire = Wire(pass_ms, hertz, _BIT_TIMES) if pass_ms else None

    def write(self, address, buf, n):
        if self._wire:
            self._wire.carry(1 + n)
        self._run(self.front.write, address, bytes(memoryview(buf)[:n]))

    def read(self, address, buf, n):
        if self._wire:
            self._wire.carry(1 + n)
        buf[:n] = self._run(self.front.read, address, n)

    def _run(self, transaction, address, what):
        try:
            return transaction(address, what)
        except OSError as error:
            if self._wire and error.args[0] == _ETIMEDOUT:
                self._wire.wait(self.front.engine.faults.value("hang"))
            raise


class Wire:
    """The time that bytes take: whole milliseconds go to pass_ms, the rest is kept for the next."""

    def __init__(self, pass_ms, bits_per_second, bits_per_byte):
        self._pass_ms = pass_ms
        self._byte_ns = bits_per_byte * 1000000000 // bits_per_second
        self._rest_ns = 0

    def carry(self, count):
        self._rest_ns += count * self._byte_ns
        self.wait(self._rest_ns // 1000000)
        self._rest_ns %= 1000000

    def wait(self, ms):
        if ms:
            self._pass_ms(ms)
