"""Serial-over-I2C: a Notecard on an I2C bus.

dev.blues.io, serial-over-i2c-protocol. Three things happen on the bus, each ended by a STOP:
    write  [n, data...]           n >= 1 bytes of a request
    write  [0, n]
    read   [waiting, n, data...]  n bytes of the reply; `waiting` more are there; n = 0 just asks
Reading more than n + 2 bytes, or with nothing asked, can hang the bus, so that never happens here.
"""

from array import array
from errno import ETIMEDOUT
from struct import pack_into

from notedfu.const import const
from notedfu.errors import LinkError
from notedfu.link import Link
from notedfu.twins import twin

ADDRESS = 0x17  # note-c, NOTE_I2C_ADDR_DEFAULT
PACKETS = 4
_SLOW_PACKETS = const(2)  # where there are long pauses between them: ticks must not come too far apart
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


# The words of gather().
_WAITING = const(0)  # bytes more that the Notecard has, as the last header says
_TURN = const(4)
_ASKED = const(5)
_SAID = const(6)
_WRONG = const(-1)  # what gather() returns where a header is wrong


def portable_gather(words, parts, ask, write, read, nap, again):
    """Fetch what waits, one packet behind the other into parts; return how many bytes, or _WRONG.

    words: array("i"): bytes that wait; bytes of a packet at the most; the address; the pause between two
        packets and that between asking and reading, in ms; of a wrong header, what was asked for, and what it
        says.
    parts: views of one buffer, each of two bytes more than a packet has, that begin a packet's length apart:
        a header takes the place of the last two bytes of the packet before for a moment.
    ask: a bytearray of two, the first of them 0. write, read, nap: the bus's and the clock's.
    again(n, part): does for itself what has raised OSError.
    Allocates nothing.
    """
    n, most, address = words[0], words[1], words[2]
    pause_ms, turn_ms = words[3], words[4]
    count = waiting = 0
    for part in parts:
        if count:
            nap(pause_ms)
        if n > most:
            n = most
        first = part[0]
        second = part[1]
        ask[1] = n
        try:
            write(address, ask, 2)
            if turn_ms:
                nap(turn_ms)
            read(address, part, n + 2)
        except OSError:
            again(n, part)
        waiting = part[0]
        if part[1] != n or waiting > _MOST:
            words[5] = n
            words[6] = part[1]
            return _WRONG
        part[0] = first
        part[1] = second
        count += n
        if n < most or not waiting:
            break
        n = waiting
    words[0] = waiting
    return count


_GATHER = twin("gather", portable_gather)


class Packets:
    """The three things, one at a time: gaps, headers and NACKs.

    Asking and reading are one transaction, as in note-python (a repeated START), note-go and note-zephyr: no
    gap lies between them until a Notecard shows that it needs one.

    parts: as gather() has them, for packets of `most` bytes. written: when the Notecard was last written to.
    """

    def __init__(self, bus, clock, address, gap_ms, parts, most, gather):
        self._write = bus.write
        self._read = bus.read
        self._clock = clock
        self._ms, self._diff, self._nap = clock.ms, clock.diff, clock.nap  # one look-up less in the hot loop
        self._address = address
        self._ask = bytearray(_HEADER)
        self._answer = bytearray(_HEADER)
        self._gap_ms = gap_ms
        self._parts = parts
        self._gather = gather
        self._words = array("i", (0, most, address, gap_ms, gap_ms if gap_ms > 1 else 0, 0, 0))
        self._retry = self._fetch_again
        self.written = clock.ms()
        self._ended = clock.ms()  # of the last transfer

    @property
    def waiting(self):
        """How many bytes more the Notecard has, as the last header says."""
        return self._words[_WAITING]

    def write(self, buf, n):
        """Write buf[:n]; OSError as the bus has it. What waited is none of ours any more."""
        self._words[_WAITING] = 0
        self._gap()
        try:
            self._write(self._address, buf, n)
        finally:
            self._ended = self.written = self._ms()

    def query(self):
        """Ask how many bytes wait; returns it. A Notecard that does not acknowledge gets 3 s.

        Raises LinkError bus-fault, bad-packet.
        """
        answer = self._answer
        self._gap()
        try:
            self._fetch(0, answer)
        except OSError:
            self._fetch_again(0, answer)
        self._ended = self._ms()
        if answer[1] or answer[0] > _MOST:
            self._words[_ASKED], self._words[_SAID] = 0, answer[1]
            raise self._wrong()
        self._words[_WAITING] = answer[0]
        return answer[0]

    def gather(self):
        """Fetch what waits, one packet or more; returns how many bytes lie in the parts now. As query()."""
        if not self._words[_WAITING] and not self.query():
            return 0
        self._gap()
        gather = self._gather
        count = gather(self._words, self._parts, self._ask, self._write, self._read, self._nap, self._retry)
        self._ended = self._ms()
        if count == _WRONG:
            raise self._wrong()
        return count

    def _fetch(self, n, buf):
        """Ask for n bytes, and read the header and them into buf."""
        self._ask[1] = n
        self._write(self._address, self._ask, _HEADER)
        if self._words[_TURN]:
            self._clock.sleep(self._words[_TURN])
        self._read(self._address, buf, _HEADER + n)

    def _fetch_again(self, n, buf):
        """_fetch() after an OSError: three tries, a second apart."""
        for left in range(_NACK_TRIES - 2, -1, -1):
            self._clock.sleep(_NACK_MS)
            try:
                self._fetch(n, buf)
                return
            except OSError as error:
                if not left:
                    self._ended = self._ms()
                    self._words[_WAITING] = 0
                    raise self.fault(error) from None

    def _wrong(self):
        """A header is wrong: the Notecard was read too soon, maybe, and is given more time from now on."""
        words = self._words
        words[_WAITING] = 0
        words[_TURN] = min(max(2 * words[_TURN], _TURN_MS), _TURN_MOST_MS)
        self._parts = self._parts[:_SLOW_PACKETS]
        return LinkError("bad-packet", "asked for %d bytes, header says %d" % (words[_ASKED], words[_SAID]))

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
    packets: how many of them are fetched before they are looked at. Nothing ticks meanwhile: eight full ones
        take 0.2 s at 100 kHz.
    gap_ms: between any two transactions, at least 1 (dev.blues.io). Where it is more than 1 it is kept
        between asking and reading, too. An answer that belongs to the transaction before says that the
        Notecard was read too soon: that pause is then 2 ms, and doubles up to 25.
    first_query_ms, query_ms, query_until_ms, slow_query_ms: the reply is asked for first_query_ms after the
        request, then every query_ms until query_until_ms, then every slow_query_ms. note-c and note-python
        ask every 50 ms; asking without a pause put some Notecards into an error state (note-python, PR 79).
    gather: portable_gather or its viper twin.
    Allocates one buffer of packets * mtu + 2 bytes, and a view for each packet.
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
        gather=_GATHER,
    ):
        super().__init__(clock, packets * mtu + _HEADER)
        whole = memoryview(self._buf)
        parts = [whole[at : at + mtu + _HEADER] for at in range(0, packets * mtu, mtu)]
        self._packets = Packets(bus, clock, address, gap_ms, parts, mtu, gather)
        self._mtu = mtu
        self._full = whole[_HEADER:]
        self._whole = packets * mtu
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
        chunk = self._buf
        at = sent = 0
        while at < n:
            self._rest()
            size = min(n - at, self._mtu)
            chunk[0] = size
            if at:  # seldom, and then few: a view would be allocated
                for i in range(size):
                    chunk[1 + i] = buf[at + i]
            else:
                pack_into(self._fill, chunk, 1, buf)
            try:
                self._packets.write(chunk, 1 + size)
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
        n = self._packets.gather()
        if not n:
            return False
        if n == self._whole:  # a view of all of it, made once, is what the sums take as it is
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
