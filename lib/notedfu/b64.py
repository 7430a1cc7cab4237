"""Base64 as a stream: strict, into a buffer that is already there."""

from binascii import a2b_base64

from notedfu.errors import LinkError
from notedfu.twins import twin

_PAD = 61  # =
_ZERO = 65  # A, the digit of six zero bits


def portable_groups(buf, start, end, out, at):
    """Decode buf[start:end], whole groups of four, into `out` from `at`; return the count of bytes.

    Anything but the 64 digits makes it short: a2b_base64 skips what is no digit, so a count that is right
    means that all were. Allocates the view and the result.
    """
    try:
        data = a2b_base64(memoryview(buf)[start:end])
    except ValueError:
        return 0
    count = len(data)
    if count * 4 == (end - start) * 3:
        out[at : at + count] = data
        return count
    return 0


_KERNEL = twin("b64_groups", portable_groups)


class Base64Decoder:
    """Decodes RFC 4648 base64, padding demanded and its unused bits zero, into `out`.

    out: a bytearray, or a memoryview of one. It is written from the beginning, up to `limit` bytes.
    kernel: portable_groups or its viper twin, with which nothing is allocated.
    """

    def __init__(self, out, kernel=_KERNEL):
        self._out = out
        self._kernel = kernel
        self._group = bytearray(4)  # what came of a group that is not whole yet
        self._last = bytearray(3)
        self.begin(len(out))

    def begin(self, limit):
        """Be ready for a new text of at most `limit` bytes decoded, which must fit into `out`."""
        self.limit = limit
        self.count = 0
        self._at = 0  # characters in _group, 0 to 3
        self._padded = False

    def feed(self, buf, start, end):
        """Decode buf[start:end].

        Raises LinkError `bad-base64` (not strict base64) or `long-chunk` (more than `limit` bytes).
        """
        while self._at and start < end:
            self._carry(buf[start])
            start += 1
        stop = start + ((end - start) & ~3)
        if start < stop and buf[stop - 1] == _PAD:
            stop -= 4
        if start < stop:
            self._decode(buf, start, stop)
        while stop < end:
            self._carry(buf[stop])
            stop += 1

    def finish(self):
        """The end of the text: the count of bytes in `out`. Raises LinkError `bad-base64` inside a group."""
        if self._at:
            raise LinkError("bad-base64", "the text ends inside a group, after %d bytes" % self.count)
        return self.count

    def _carry(self, c):
        self._group[self._at] = c
        self._at = (self._at + 1) & 3
        if not self._at:
            if c == _PAD:
                self._decode_last()
            else:
                self._decode(self._group, 0, 4)

    def _decode(self, buf, start, end):
        count = (end - start) // 4 * 3
        self._check_room(count)
        if self._padded or self._kernel(buf, start, end, self._out, self.count) != count:
            raise LinkError("bad-base64", "no base64 digit, after byte %d" % self.count)
        self.count += count

    def _decode_last(self):
        """Decode the group with the padding: as zero digits they must leave zero bytes behind the last."""
        group, last = self._group, self._last
        count = 1 if group[2] == _PAD else 2
        self._check_room(count)
        for i in range(count + 1, 4):
            group[i] = _ZERO
        if self._padded or self._kernel(group, 0, 4, last, 0) != 3 or last[2] or (count == 1 and last[1]):
            raise LinkError("bad-base64", "wrong padding, after byte %d" % self.count)
        for i in range(count):
            self._out[self.count + i] = last[i]
        self.count += count
        self._padded = True

    def _check_room(self, count):
        if self.count + count > self.limit:
            raise LinkError("long-chunk", "more than the %d bytes asked for" % self.limit)
