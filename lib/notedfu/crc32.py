"""CRC-32 (IEEE 802.3, as zlib's) as a running value.

Three ways, the first that is there: viper (nothing allocated), binascii.crc32 (quick; an int beyond 30 bits
is a bigint on 32-bit interpreters, so two small allocations an update), a table in plain bytecode (nothing
allocated, slow; for SAMD21 and nRF52832).
"""

from array import array
from struct import pack_into

from notedfu.twins import twin

try:
    from binascii import crc32 as _crc32
except ImportError:
    _crc32 = None

_DIGITS = b"0123456789ABCDEF"

# What a nibble adds to the register, in halves: no number here or below passes 16 bits.
# fmt: off
_LOW = array("H", (0, 4196, 8392, 12460, 16784, 20980, 24920, 28988,
                  33568, 37700, 41960, 45964, 49840, 53972, 57976, 61980))
_HIGH = array("H", (0, 7607, 15214, 9945, 30428, 27499, 19890, 20485,
                   60856, 61455, 54998, 52065, 39780, 34515, 40970, 48573))
# fmt: on


def table_update(state, buf, start, end):
    """Run buf[start:end] through `state`, the four bytes of a CRC-32, lowest first. Allocates nothing."""
    low = 0xFFFF ^ (state[0] | state[1] << 8)
    high = 0xFFFF ^ (state[2] | state[3] << 8)
    for i in range(start, end):
        low ^= buf[i]
        for _ in range(2):
            n = low & 15
            low = (low >> 4 | (high & 15) << 12) ^ _LOW[n]
            high = high >> 4 ^ _HIGH[n]
    low ^= 0xFFFF
    high ^= 0xFFFF
    state[0] = low & 255
    state[1] = low >> 8
    state[2] = high & 255
    state[3] = high >> 8


_KERNEL = twin("crc32_update", table_update)


class StateCrc32:
    """A CRC-32 whose value is four bytes, lowest first; `kernel` is table_update or its viper twin."""

    def __init__(self, kernel=_KERNEL):
        self._kernel = kernel
        self._state = bytearray(4)

    def reset(self):
        """Begin anew: the CRC of nothing."""
        pack_into("<I", self._state, 0, 0)

    def update(self, buf, start, end):
        """Take buf[start:end] in."""
        if start < end:
            self._kernel(self._state, buf, start, end)

    def assign(self, other):
        """Become a copy of `other`, of the same class."""
        self._state[:] = other.state()

    def state(self):
        """The value as four bytes, lowest first: compare these, not ints. Good until the next call."""
        return self._state

    def value(self):
        """The value as an int, for comparing with a number from JSON. May allocate."""
        return int.from_bytes(self.state(), "little")

    def write_hex(self, buf, at):
        """Put the value into buf[at:at+8] as upper-case hexadecimal digits."""
        state = self.state()
        put_hex(state[3] << 8 | state[2], buf, at)
        put_hex(state[1] << 8 | state[0], buf, at + 4)

    def matches_hex(self, buf, at):
        """True if buf[at:at+8] is the value in hexadecimal digits of either case."""
        state = self.state()
        return (
            get_hex(buf, at) == state[3] << 8 | state[2] and get_hex(buf, at + 4) == state[1] << 8 | state[0]
        )


class BinasciiCrc32(StateCrc32):
    """The same by binascii.crc32, on an int."""

    def __init__(self):
        self._state = bytearray(4)
        self._value = 0

    def reset(self):
        self._value = 0

    def update(self, buf, start, end):
        if start or end != len(buf):
            buf = memoryview(buf)[start:end]
        self._value = _crc32(buf, self._value)

    def assign(self, other):
        self._value = other.value()

    def state(self):
        pack_into("<I", self._state, 0, self._value)
        return self._state

    def value(self):
        return self._value


def portable_get_hex(buf, at):
    """The number in the four hexadecimal digits at buf[at:], of either case; -1 if they are none."""
    value = 0
    for i in range(at, at + 4):
        c = buf[i]
        if not 48 <= c <= 57:
            c |= 32
            if not 97 <= c <= 102:
                return -1
            c -= 39
        value = value << 4 | c - 48
    return value


def portable_put_hex(value, buf, at):
    """Put `value`, of 16 bits, into buf[at:at+4] as upper-case hexadecimal digits."""
    for i in range(at + 3, at - 1, -1):
        buf[i] = _DIGITS[value & 15]
        value >>= 4


get_hex = twin("get_hex", portable_get_hex)
put_hex = twin("put_hex", portable_put_hex)


def _best():
    if _crc32 is None or _KERNEL is not table_update:
        return StateCrc32
    return BinasciiCrc32


Crc32 = _best()
