"""A small strict Notecard end of both links, to test the links apart from the simulator.

`answer(line)` gets each request (bytes, without its newline) and returns the reply's bytes; a list of them is
offered one after the other, each only once the one before has been fetched.
"""

from errno import EIO

from virtual import VirtualTime

_MOST = 253


class Card:
    """Lines in, replies out; a blank line is answered by a blank line, as the Notecard does."""

    def __init__(self, time, answer, latency_ms=0):
        self.time = time
        self.answer = answer
        self.latency_ms = latency_ms
        self.lines = []
        self.input = b""
        self.output = []  # replies not yet fetched
        self.ready_ms = 0

    def take(self, data):
        self.input += bytes(data)
        while b"\n" in self.input:
            line, self.input = self.input.split(b"\n", 1)
            line = line.strip(b"\r")
            self.lines.append(line)
            reply = self.answer(line) if line else b"\r\n"
            self.output += reply if isinstance(reply, list) else [reply]
            self.output = [piece for piece in self.output if piece]
            self.ready_ms = self.time.elapsed_ms + (self.latency_ms if line else 0)

    def there(self):
        """What can be fetched now."""
        if self.output and self.time.elapsed_ms >= self.ready_ms:
            return self.output[0]
        return b""

    def fetch(self, n):
        """The first n bytes of there()."""
        data = self.output[0][:n] if n else b""
        if n:
            self.output[0] = self.output[0][n:]
            if not self.output[0]:
                self.output.pop(0)
        return data


class Bus:
    """The I2C front of a Card. It asserts what the protocol forbids; `journal` holds (ms, what, bytes).

    `faults`: a list consumed from its front, one entry a transfer: None, or an OSError to raise.
    """

    def __init__(self, time, card, mtu=_MOST):
        self.time = time
        self.card = card
        self.mtu = mtu
        self.journal = []
        self.asked = None
        self.faults = []
        self.header_offset = 0  # added to byte 1 of the next reads, as a stale answer has it
        self.stale_reads = 0
        self.last_ms = -10

    def _transfer(self, what, n):
        now = self.time.elapsed_ms
        assert what == "read" or now - self.last_ms >= 1, "no gap before a %s" % what
        self.last_ms = now
        self.journal.append((now, what, n))
        if self.faults:
            fault = self.faults.pop(0)
            if fault is not None:
                raise fault

    def write(self, address, buf, n):
        self._transfer("write", n)
        assert address == 0x17 and n >= 2
        if buf[0] == 0:
            assert n == 2 and self.asked is None, "asked twice"
            assert buf[1] <= min(len(self.card.there()), self.mtu), "over-read"
            self.asked = buf[1]
        else:
            assert buf[0] == n - 1 and n - 1 <= self.mtu
            self.card.take(buf[1:n])

    def read(self, address, buf, n):
        asked, self.asked = self.asked, None
        if self.faults and self.faults[0] is not None:
            buf[0] = buf[1] = 0xEE  # what is cut short has written already
        self._transfer("read", n)
        assert address == 0x17 and asked is not None and n == asked + 2 and n <= len(buf)
        data = self.card.fetch(asked)
        left = 0 if asked and not self.card.output else len(self.card.there())
        if asked and self.card.output and data[-1:] == b"\n":
            left = 0  # the next reply is a stage of its own
        buf[0] = min(left, _MOST)
        buf[1] = asked
        if self.stale_reads:
            self.stale_reads -= 1
            buf[1] = (asked + 47) % 256
        for i in range(asked):
            buf[2 + i] = data[i]

    def nack(self, count):
        self.faults += [OSError(EIO)] * count


class Serial:
    """The UART front of a Card: `rate` bytes a millisecond come out."""

    def __init__(self, time, card, rate=12):
        self.time = time
        self.card = card
        self.rate = rate
        self.journal = []
        self.began_ms = None
        self.given = 0
        self.noise = b""  # comes before everything else

    def any(self):
        if self.noise:
            return len(self.noise)
        there = self.card.there()
        if not there:
            self.began_ms = None
            return 0
        if self.began_ms is None:
            self.began_ms = self.time.elapsed_ms
            self.given = 0
        due = (self.time.elapsed_ms - self.began_ms) * self.rate - self.given
        return min(due, len(there))

    def readinto(self, buf, n):
        assert 0 < n <= min(self.any(), len(buf)), "more than there is"
        if self.noise:
            data, self.noise = self.noise[:n], self.noise[n:]
        else:
            data = self.card.fetch(n)
            self.given += n
        for i in range(n):
            buf[i] = data[i]
        return n

    def write(self, buf, n):
        self.journal.append((self.time.elapsed_ms, n))
        self.card.take(buf[:n])


class Lines:
    """A stage that keeps one line."""

    def __init__(self):
        self.data = b""
        self.consumed = 0

    def feed(self, buf, start, end):
        self.consumed = start
        while self.consumed < end and self.data[-1:] != b"\n":
            self.data += bytes((buf[self.consumed],))
            self.consumed += 1
        return self.data[-1:] == b"\n"


class Talk:
    """A card, and a link to it in `self.link`, which the test of each link makes."""

    def __init__(self, answer, latency_ms):
        self.time = VirtualTime()
        self.card = Card(self.time, answer, latency_ms)

    def talk(self, request=b"{}", timeout_ms=30000):
        self.link.send(request + b"\n", len(request) + 1)
        return self.listen(timeout_ms)

    def listen(self, timeout_ms=30000):
        lines = Lines()
        self.link.receive(lines, timeout_ms)
        return lines.data


def text(length):
    """So many bytes of text."""
    return bytes(33 + i % 90 for i in range(length))
