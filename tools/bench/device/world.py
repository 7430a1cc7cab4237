"""The device's surroundings: virtual time, the wire to the simulated Notecard, flash with its times.

All of it lies outside the heap, but for a few small objects. Time passes by sleeping, by the wire's bits and
by flash alone; the interpreter's own work takes none.
"""

import struct
import time

import uctypes

from notedfu.clock import Clock

_PERIOD = 1 << 30
ERASE_US = 45000  # serial NOR, data sheets' typical: a sector of 4 KiB
PROGRAM_US = 11000  # 4 KiB, a page of 256 bytes at a time
_BLOCK = 4096


class Time:
    """Microseconds that pass when somebody says so; wait, wire and flash say on what."""

    is_counted = False  # whether instructions are

    def __init__(self, start_us):
        self.us = start_us
        self.wait = self.wire = self.flash = 0

    def sleep_ms(self, ms):
        self.us += ms * 1000
        self.wait += ms * 1000

    def on_wire(self, us):
        self.us += us
        self.wire += us

    def on_flash(self, us):
        self.us += us
        self.flash += us

    def ticks_ms(self):
        return self.us // 1000 % _PERIOD

    @staticmethod
    def ticks_diff(later, earlier):
        half = _PERIOD // 2
        return (later - earlier + half) % _PERIOD - half

    def clock(self):
        return Clock(self.ticks_ms, self.ticks_diff, self.sleep_ms)


class CountedTime(Time):
    """A millisecond passes with each look at it, and none by sleeping: by C functions as on a board, which
    allocate nothing, so that no bytecode of the bench is counted, and the same in each run. The Notecard is
    not told of it: its own time goes on with each transfer."""

    is_counted = True

    def __init__(self, start_us):
        super().__init__(start_us)
        self.sleep_ms = abs
        self._looks = iter(range(_PERIOD))

    def clock(self):
        return Clock(self._looks.__next__, time.ticks_diff, abs)


class Wire:
    """The other end: requests of 12 bytes, verb, address, length and time, and what follows them."""

    def __init__(self, fd, time):
        self._file = open(fd, "r+b")
        self._head = bytearray(12)
        self._answer = bytearray(2)
        self._time = time

    def begin(self, verb, address, n):
        struct.pack_into("<BBHQ", self._head, 0, verb, address, n, self._time.us)
        self._file.write(self._head)

    def send(self, buf, n):
        self._file.write(buf, n)

    def take(self, buf, n):
        self._file.readinto(buf, n)

    def number(self):
        """The answer's 16 bits."""
        self._file.readinto(self._answer)
        return self._answer[0] | self._answer[1] << 8

    def tell(self, text):
        """An event for the host's list."""
        data = text.encode()
        self.begin(ord("E"), 0, len(data))
        self.send(data, len(data))

    def end(self, text):
        """The last event: the host cuts the power, so nothing comes back, and no handler sees it."""
        self.tell("end " + text)
        self.number()


class Bus:
    """I2C as the library wants it: 9 bit times a byte, the address included."""

    def __init__(self, wire, time, hertz):
        self._wire = wire
        self._time = time
        self._byte_ns = 9 * 1000000000 // hertz

    def write(self, address, buf, n):
        self._time.on_wire((1 + n) * self._byte_ns // 1000)
        self._wire.begin(87, address, n)
        self._wire.send(buf, n)
        self._check()

    def read(self, address, buf, n):
        self._time.on_wire((1 + n) * self._byte_ns // 1000)
        self._wire.begin(82, address, n)
        self._check()
        self._wire.take(buf, n)

    def _check(self):
        status = self._wire.number()
        if status:
            raise OSError(status)


class Serial:
    """A UART as the library wants it: 10 bit times a byte; what waits is the host's to know."""

    def __init__(self, wire, time, baud):
        self._wire = wire
        self._time = time
        self._byte_ns = 10 * 1000000000 // baud

    def any(self):
        self._wire.begin(65, 0, 0)
        return self._wire.number()

    def readinto(self, buf, n):
        self._wire.begin(82, 0, n)
        count = self._wire.number()
        self._wire.take(buf, count)
        return count

    def write(self, buf, n):
        self._time.on_wire(n * self._byte_ns // 1000)
        self._wire.begin(87, 0, n)
        self._wire.send(buf, n)
        return n


class Flash:
    """NOR flash in mapped memory: the block protocol, with the times of the data sheet."""

    def __init__(self, address, blocks, time):
        self._address = address
        self._blocks = blocks
        self._time = time
        self._blank = b"\xff" * 256
        self.erases = 0

    def readblocks(self, block, buf, offset=0):
        at = self._address + block * _BLOCK + offset
        memoryview(buf)[:] = uctypes.bytearray_at(at, len(buf))

    def writeblocks(self, block, buf, offset=None):
        at = self._address + block * _BLOCK + (offset or 0)
        uctypes.bytearray_at(at, len(buf))[:] = buf
        self._time.on_flash(PROGRAM_US * len(buf) // _BLOCK)

    def ioctl(self, op, arg):
        if op == 4:
            return self._blocks
        if op == 5:
            return _BLOCK
        if op == 6:
            at = self._address + arg * _BLOCK
            for offset in range(0, _BLOCK, 256):
                uctypes.bytearray_at(at + offset, 256)[:] = self._blank
            self._time.on_flash(ERASE_US)
            self.erases += 1
        return 0


class InstantFlash(Flash):
    """The same without its times: what the wire alone allows."""

    def __init__(self, address, blocks, time):
        super().__init__(address, blocks, Time(0))
