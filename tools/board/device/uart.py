"""machine.UART, over a file descriptor with plain bytes.

Bytes come in at the baud rate (times `haste`), whatever the kernel has buffered; what arrives while the
receive buffer is full is lost, as on rp2 ("rxbuf", 256 bytes by default).
"""

import time

_file = None
_haste = 1
_open = []  # every UART of this life
ids = (0, 1)
_FIFO = 32  # bytes that the hardware holds by itself
_BITS = 10  # on the wire for each byte


def install(fd, haste):
    """Give the module its wire (non-blocking), which is `haste` times as fast as the baud rate says."""
    global _file, _haste
    _file = None if fd < 0 else open(fd, "r+b")
    _haste = haste


def miss(us):
    """So long nobody served the interrupt: of what came in meanwhile, all but a FIFO's worth is lost."""
    for one in _open:
        one.miss(us)


class UART:
    """A serial port as rp2 has it."""

    def __init__(self, id, baudrate=115200, **settings):
        if id not in ids:
            raise ValueError("UART(%s) doesn't exist" % id)
        self._id = id
        self._rxbuf = 256
        self._timeout = self._timeout_char = 0
        self.init(baudrate, **settings)
        _open.append(self)

    def __repr__(self):
        return "UART(%d, baudrate=%d, rxbuf=%d)" % (self._id, self._baudrate, self._rxbuf)

    def init(self, baudrate=115200, bits=8, parity=None, stop=1, **settings):
        """Set it up; `tx`, `rx`, `txbuf` and the like have no effect."""
        self._baudrate = baudrate
        self._rxbuf = max(32, settings.get("rxbuf", self._rxbuf))
        self._timeout = settings.get("timeout", self._timeout)
        self._timeout_char = max(settings.get("timeout_char", self._timeout_char), 13000 // baudrate + 1)
        self._ring = bytearray(self._rxbuf)
        self._first = self._held = 0
        self._chunk = bytearray(64)
        self._seen_us = time.ticks_us()
        self.overruns = 0

    def deinit(self):
        pass

    def any(self):
        """How many bytes wait in the receive buffer."""
        self._listen()
        return self._held

    def readinto(self, buf, nbytes=-1):
        """Read up to nbytes, until the timeouts lapse. Returns the count, or None."""
        wanted = len(buf) if nbytes < 0 else min(nbytes, len(buf))
        done = 0
        patience = self._timeout
        began = time.ticks_ms()
        while done < wanted:
            if not self._held:
                self._listen()
            if self._held:
                buf[done] = self._ring[self._first]
                self._first = (self._first + 1) % self._rxbuf
                self._held -= 1
                done += 1
                patience = self._timeout_char
                began = time.ticks_ms()
            elif time.ticks_diff(time.ticks_ms(), began) >= patience:
                break
            elif patience:
                time.sleep_us(100)
        return done or None

    def read(self, nbytes=-1):
        """The bytes that are there, nbytes at most; None without any."""
        buf = bytearray(self.any() if nbytes < 0 else nbytes)
        count = self.readinto(buf)
        return None if count is None else bytes(buf[:count])

    def readline(self):
        """A line, or what there is of it; None for nothing."""
        line = b""
        while not line.endswith(b"\n"):
            byte = self.read(1)
            if byte is None:
                break
            line += byte
        return line or None

    def write(self, buf):
        """Send all of buf. Returns its length."""
        if _file is not None:
            done = 0
            while done < len(buf):
                done += _file.write(memoryview(buf)[done:] if done else buf) or 0
        return len(buf)

    def flush(self):
        pass

    def txdone(self):
        return True

    def sendbreak(self):
        pass

    def miss(self, us):
        """As miss() of the module."""
        self._listen()
        coming = us * self._baudrate * _haste // (_BITS * 1000000)
        kept = 0
        while coming > 0 and _file is not None:
            count = _file.readinto(self._chunk)
            if not count:
                break
            coming -= count
            self._store(min(count, _FIFO - kept))
            self.overruns += count - min(count, _FIFO - kept)
            kept += min(count, _FIFO - kept)
        self._seen_us = time.ticks_us()

    def _listen(self):
        """Take from the wire what has arrived since the last call."""
        now = time.ticks_us()
        arrived = time.ticks_diff(now, self._seen_us) * self._baudrate * _haste // (_BITS * 1000000)
        if not arrived or _file is None:
            return
        self._seen_us = now
        while arrived > 0:
            count = _file.readinto(self._chunk)
            if not count:
                return
            arrived -= count
            self._store(count)

    def _store(self, count):
        at = self._first + self._held
        for i in range(count):
            if self._held == self._rxbuf:
                self.overruns += count - i
                return
            self._ring[at % self._rxbuf] = self._chunk[i]
            at += 1
            self._held += 1
