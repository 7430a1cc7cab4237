"""Serial-over-I2C: a Notecard on an I2C bus.

dev.blues.io, serial-over-i2c-protocol. Three things happen on the bus, each ended by a STOP:
    write  [n, data...]           n >= 1 bytes of a request
    write  [0, n]
    read   [waiting, n, data...]  n bytes of the reply; `waiting` more are there; n = 0 just asks
Reading more than n + 2 bytes, or with nothing asked, can hang the bus, so that never happens here.
"""

from errno import ETIMEDOUT
from struct import pack_into

from notedfu.const import const
from notedfu.errors import LinkError
from notedfu.link import Link

ADDRESS = 0x17  # note-c, NOTE_I2C_ADDR_DEFAULT
PACKETS = 4
MTU = 252  # a multiple of 4, so that packets begin where base64's groups do
_MOST = const(253)  # one length byte counts to 255, and the header takes 2 of them (note-go, note-arduino)
_HEADER = const(2)
_SEGMENT = (
    250  # the Notecard's interrupt buffer takes 250 bytes at a time (dev.blues.io, notecard-interfaces)
)
_SEGMENT_MS = const(250)  # ... and wants so long to empty it
_CHUNK_MS = const(20)  # after each chunk (note-c, CARD_REQUEST_I2C_CHUNK_DELAY_MS)
_NEWLINE_MS = const(250)  # after the newline of a resync, before the first query (note-c, n_i2c.c)
_NACK_TRIES = const(
    4
)  # a Notecard that writes its own flash does not acknowledge: note-arduino retries 3 times,
_NACK_MS = const(1000)  # so long apart (note-c, CARD_REQUEST_I2C_NACK_WAIT_MS)
_TURN_MS = const(
    2
)  # between asking and reading, where it must be: note-arduino's, for the Notecard to stage data
_TURN_MOST_MS = const(25)  # note-espidf's; more has never been needed


class Packets:
    """The three things, one at a time: gaps, headers and NACKs.

    Asking and reading are one transaction, as in note-python (a repeated START), note-go and note-zephyr: no
    gap lies between them until a Notecard shows that it needs one.

    waiting: how many bytes more the Notecard has, as the last header says. written: when it was last written
    to.
    """

    def __init__(self, bus, clock, address, gap_ms):
        self._write = bus.write
        self._read = bus.read
        self._clock = clock
        self._ms, self._diff, self._nap = clock.ms, clock.diff, clock.nap  # one look-up less in the hot loop
        self._address = address
        self._ask = bytearray(_HEADER)
        self._answer = bytearray(_HEADER)
        self._gap_ms = gap_ms
        self._turn_ms = gap_ms if gap_ms > 1 else 0
        self.waiting = 0
        self.written = clock.ms()
        self._ended = clock.ms()  # of the last transfer

    def write(self, buf, n):
        """Write buf[:n]; OSError as the bus has it."""
        self._gap()
        try:
            self._write(self._address, buf, n)
        finally:
            self._ended = self.written = self._ms()

    def query(self):
        """Ask how many bytes wait; returns it. A Notecard that does not acknowledge gets 3 s.

        Raises LinkError bus-fault, bad-packet.
        """
        self._gap()
        self._fetch(0, self._answer)
        self._ended = self._ms()
        self.waiting = self._checked(0, self._answer)
        return self.waiting

    def gather(self, parts, most):
        """Fetch what waits, `most` bytes in each packet but the last, as many packets as there are `parts`.

        parts: views of one buffer, of most + 2 bytes each, that begin `most` bytes apart: a header takes the
            place of the last two bytes of the packet before for a moment.
        Returns how many bytes lie there, from the third of the first part on. Allocates nothing. Raises as
        query().
        """
        n = self.waiting
        self.waiting = 0  # until it is known
        nap, gap_ms = self._nap, self._gap_ms
        count = 0
        self._gap()
        for part in parts:
            if count:
                nap(gap_ms)
            if n > most:
                n = most
            first, second = part[0], part[1]
            self._fetch(n, part)
            waiting = part[0]
            if part[1] != n or waiting > _MOST:
                self._checked(n, part)
            part[0], part[1] = first, second
            count += n
            if not waiting or n < most:
                break
            n = waiting
        self._ended = self._ms()
        self.waiting = waiting
        return count

    def _fetch(self, n, buf):
        """Ask for n bytes, and read the header and them into buf."""
        self._ask[1] = n
        for left in range(_NACK_TRIES - 1, -1, -1):
            try:
                self._write(self._address, self._ask, _HEADER)
                if self._turn_ms:
                    self._clock.sleep(self._turn_ms)
                self._read(self._address, buf, _HEADER + n)
                return
            except OSError as error:
                self._ended = self._ms()
                if not left:
                    raise self.fault(error) from None
            self._clock.sleep(_NACK_MS)

    def _checked(self, n, packet):
        """How many bytes more wait, as the header of this packet of n bytes says. LinkError bad-packet."""
        waiting = packet[0]
        if packet[1] != n or waiting > _MOST:
            self._ended = self._ms()
            self._turn_ms = min(max(2 * self._turn_ms, _TURN_MS), _TURN_MOST_MS)
            raise LinkError("bad-packet", "asked for %d bytes, header says %d" % (n, packet[1]))
        return waiting

    def fault(self, error):
        """The LinkError for an OSError of the bus."""
        return LinkError("bus-fault", "I2C address 0x%02x: error %r" % (self._address, error.args[:1]))

    def _gap(self):
        """Wait until gap_ms have passed since the last transfer; one tick more, as ticks are cut off."""
        if self._diff(self._ms(), self._ended) <= self._gap_ms:
            self._nap(self._gap_ms)


class I2CLink(Link):
    """A Notecard at `address` of `bus`.

    bus: write(address, buf, n) and read(address, buf, n), the first n bytes of buf; OSError for a NACK or a
        fault.
    mtu: bytes of data in one transfer, 1 to 253; the bus must take mtu + 2. Common limits: 253, 127, 30.
    packets: how many of them are fetched before they are looked at; four full ones take 0.1 s at 100 kHz, and
        nothing ticks meanwhile.
    gap_ms: between any two transactions, at least 1 (dev.blues.io). Where it is more than 1 it is kept
        between asking and reading, too. An answer that belongs to the transaction before says that the
        Notecard was read too soon: that pause is then 2 ms, and doubles up to 25.
    first_query_ms, query_ms, query_until_ms, slow_query_ms: the reply is asked for first_query_ms after the
        request, then every query_ms until query_until_ms, then every slow_query_ms. note-c and note-python
        ask every 50 ms; asking without a pause put some Notecards into an error state (note-python, PR 79).
    Allocates one buffer of packets * mtu + 2 bytes.
    """

    holds_reply = True  # the reply waits in the Notecard until it is fetched: flash may be written meanwhile

    def __init__(
        self,
        bus,
        clock,
        address=ADDRESS,
        mtu=MTU,
        gap_ms=1,
        packets=PACKETS,
        first_query_ms=20,
        query_ms=10,
        query_until_ms=100,
        slow_query_ms=50,
    ):
        super().__init__(clock, packets * mtu + _HEADER)
        self._packets = Packets(bus, clock, address, gap_ms)
        self._mtu = mtu
        whole = memoryview(self._buf)
        self._full = whole[_HEADER:]
        self._parts = [whole[at : at + mtu + _HEADER] for at in range(0, packets * mtu, mtu)]
        self._fill = "%ds" % mtu  # a copy of at most so many bytes, which allocates nothing
        self._first_query_ms = first_query_ms
        self._query_ms = query_ms
        self._query_until_ms = query_until_ms
        self._slow_query_ms = slow_query_ms
        self._hangs = False  # the last thing written timed out: not a NACK
        self._rest_ms = 0  # from the last thing written on, the Notecard is to be left alone for so long

    def send(self, buf, n):
        """Send buf[:n], a request with its newline, in chunks with the pauses that the Notecard asks for.

        The pause after the last chunk and the wait before the first query are one and the same.
        Raises LinkError bus-fault at once if a chunk is not acknowledged: what arrived of the request is then
        unknown, and resync() is the way on.
        """
        self._drop_stale()
        at = sent = 0
        while at < n:
            self._rest()
            size = min(n - at, self._mtu)
            self._buf[0] = size
            if at:
                self._buf[1 : 1 + size] = memoryview(buf)[at : at + size]
            else:
                pack_into(self._fill, self._buf, 1, buf)
            try:
                self._packets.write(self._buf, 1 + size)
            except OSError as error:
                raise self._packets.fault(error) from None
            at += size
            sent += size
            self._rest_ms = max(_CHUNK_MS, self._first_query_ms) if at == n else _CHUNK_MS
            if sent > _SEGMENT and at < n:
                self._rest_ms = _SEGMENT_MS
                sent = 0

    def _take(self):
        if self._rest_ms:
            self._rest()
        packets = self._packets
        if not packets.waiting and not packets.query():
            return False
        n = packets.gather(self._parts, self._mtu)
        if n == len(self._full):  # a view of all of it, made once, is what the sums take as it is
            self._from = self._full
            self._start = 0
            self._end = n
        else:
            self._from = self._buf
            self._start = _HEADER
            self._end = _HEADER + n
        return True

    def _take_known(self):
        return self._packets.waiting > 0 and self._take()

    def _newline(self):
        self._packets.waiting = 0
        self._buf[0] = 1
        self._buf[1] = 10
        try:
            self._packets.write(self._buf, 2)
        except OSError as error:
            self._hangs = error.args[:1] == (ETIMEDOUT,)
            self._clock.sleep(_NACK_MS)
            return False
        self._clock.sleep(_NEWLINE_MS)
        return True

    def _nobody(self):
        if self._hangs:
            return LinkError("bus-fault", "the I2C bus hangs: check pull-ups, 100 kHz, power")
        return super()._nobody()

    def _pause_ms(self, quiet_ms):
        return self._query_ms if quiet_ms < self._query_until_ms else self._slow_query_ms

    def _rest(self):
        """Wait for what is left of the pause that the last thing written asked for."""
        passed_ms = self._clock.since(self._packets.written)
        rest_ms, self._rest_ms = self._rest_ms, 0
        if 0 <= passed_ms < rest_ms:  # a command has no reply: days may have passed, and ticks wrap
            self._clock.sleep(rest_ms - passed_ms)
