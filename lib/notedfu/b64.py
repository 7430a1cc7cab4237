"""Base64 as a stream: strict, into a buffer that is already there."""

from array import array
from binascii import a2b_base64

from notedfu.const import const
from notedfu.errors import LinkError
from notedfu.twins import twin

_PAD = const(61)  # =

# The words of a decoder's state.
_AT = const(0)  # digits in the group that is not whole yet, 0 to 3
_BITS = const(1)  # and what they say
_COUNT = const(2)  # bytes in `out`

_LONG = const(-2)  # what a kernel returns in place of an index when `limit` is passed


def _table():
    """The sextet of each character, or 128."""
    table = bytearray(b"\x80" * 256)
    for i in range(64):
        table[b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[i]] = i
    return table


_SEXTETS = _table()


def portable_decode(state, buf, start, end, out, limit):
    """Decode buf[start:end] into `out`, at most `limit` bytes, as far as it is digits.

    Returns the index of the first byte that is none, or `end`; or _LONG. Allocates a view, and the bytes that
    a2b_base64 returns.
    """
    if state[_AT]:
        start = _by_digit(state, buf, start, min(end, start + (-state[_AT] & 3)), out, limit)
        if start == _LONG or state[_AT]:
            return start
    size = (end - start) & ~3
    while size:  # where it fails, it is tried with half of it: the end of the text is found in few steps
        done = _by_group(state, buf, start, start + size, out, limit)
        if done == _LONG:
            return _LONG
        if done == start:
            size = size >> 1 & ~3
        else:
            start = done
            size = min(size, (end - start) & ~3)
    return _by_digit(state, buf, start, end, out, limit)


def _by_group(state, buf, start, end, out, limit):
    """Decode whole groups: all of them, or none if there is more than digits; return the next index or _LONG.

    a2b_base64 skips what is no digit, so a count of bytes that is right means that all were digits.
    """
    try:
        data = a2b_base64(memoryview(buf)[start:end] if start or end != len(buf) else buf)
    except ValueError:
        return start
    if len(data) * 4 != (end - start) * 3:
        return start
    at = state[_COUNT]
    count = at + len(data)
    if count > limit:
        return _LONG
    out[at:count] = data
    state[_COUNT] = count
    return end


def _by_digit(state, buf, start, end, out, limit):
    """Decode one digit after the other; return the next index or _LONG."""
    at, bits = state[_AT], state[_BITS]
    while start < end:
        sextet = _SEXTETS[buf[start]]
        if sextet > 63:
            break
        bits = bits << 6 | sextet
        at += 1
        start += 1
        if at == 4:
            if not _put(state, bits, 3, out, limit):
                return _LONG
            at = bits = 0
    state[_AT] = at
    state[_BITS] = bits
    return start


def _put(state, bits, n, out, limit):
    """Write the n bytes that `bits` are, if `limit` allows."""
    at = state[_COUNT]
    if at + n > limit:
        return False
    for i in range(at + n - 1, at - 1, -1):
        out[i] = bits & 255
        bits >>= 8
    state[_COUNT] = at + n
    return True


_KERNEL = twin("b64_decode", portable_decode)


class Base64Decoder:
    """Decodes RFC 4648 base64, padding demanded and its unused bits zero, into `out`.

    out: a bytearray, or a memoryview of one. It is written from the beginning, up to `limit` bytes.
    kernel: portable_decode or its viper twin, with which nothing is allocated.
    """

    def __init__(self, out, kernel=_KERNEL):
        self._out = out
        self._kernel = kernel
        self._state = array("i", (0, 0, 0))
        self.begin(len(out))

    @property
    def count(self):
        """Bytes in `out`."""
        return self._state[_COUNT]

    def begin(self, limit):
        """Be ready for a new text of at most `limit` bytes decoded, or as many as `out` takes.

        `limit` may be set as well, where begin() comes later.
        """
        self.limit = min(limit, len(self._out))
        self._pads = -1  # padding characters still to come, or -1 while digits may come
        state = self._state
        state[_AT] = state[_BITS] = state[_COUNT] = 0

    def take(self, buf, start, end):
        """Decode buf[start:end] up to the first byte that can't belong to it; return its index, or `end`.

        Raises LinkError `long-chunk` (more than `limit` bytes).
        """
        if self._pads < 0:
            start = self._kernel(self._state, buf, start, end, self._out, self.limit)
            if start == _LONG:
                raise self._long()
        while start < end and buf[start] == _PAD and self._pad():
            start += 1
        return start

    def feed(self, buf, start, end):
        """Decode all of buf[start:end]. Raises LinkError `bad-base64` besides."""
        if self.take(buf, start, end) != end:
            raise LinkError("bad-base64", "no strict base64, after byte %d" % self.count)

    def finish(self):
        """The end of the text: the count of bytes in `out`. Raises LinkError `bad-base64` inside a group."""
        if self._state[_AT] or self._pads > 0:
            raise LinkError("bad-base64", "the text ends inside a group, after %d bytes" % self.count)
        return self.count

    def _pad(self):
        """Take one padding character; False where none belongs, or where the bits left over are not zero."""
        if self._pads >= 0:
            more = self._pads > 0
            self._pads = 0
            return more
        state = self._state
        at, bits = state[_AT], state[_BITS]
        unused = 8 - 2 * at
        if at < 2 or bits & ((1 << unused) - 1):
            return False
        if not _put(state, bits >> unused, at - 1, self._out, self.limit):
            raise self._long()
        state[_AT] = state[_BITS] = 0
        self._pads = 3 - at
        return True

    def _long(self):
        return LinkError("long-chunk", "more than the %d bytes asked for" % self.limit)
