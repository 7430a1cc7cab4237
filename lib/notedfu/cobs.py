"""COBS as the Notecard's binary replies have it: each byte of the frame is XORed with 0x0A besides.

Source: note-c n_cobs.c. So no byte of a frame is a newline, and one raw newline ends it.
"""

from array import array

from notedfu.const import const
from notedfu.errors import LinkError
from notedfu.twins import twin

_NEWLINE = const(10)

# The words of a decoder's state.
_LEFT = const(0)  # data bytes still to come in this block
_ZERO = const(1)  # 1 if a zero stands between this block and the next, if there is one
_COUNT = const(2)  # bytes in `out`
_CODES = const(3)  # 1 once a code byte has come

# What a kernel returns in place of an index.
_DAMAGE = const(-1)
_LONG = const(-2)


def portable_frame(state, buf, start, end, out, limit):
    """Decode buf[start:end] into `out`, at most `limit` bytes; stop at a newline outside of a block.

    Returns the index of the first byte not taken (the newline, or `end`), _DAMAGE or _LONG.
    """
    left, zero, count = state[_LEFT], state[_ZERO], state[_COUNT]
    while start < end:
        c = buf[start]
        if c == _NEWLINE:
            if left:
                return _DAMAGE
            break
        start += 1
        c ^= _NEWLINE
        if left:
            left -= 1
        else:
            left = c - 1
            emits, zero = zero, 1 if c < 255 else 0
            state[_CODES] = 1
            if not emits:
                continue
            c = 0
        if count >= limit:
            return _LONG
        out[count] = c
        count += 1
    state[_LEFT], state[_ZERO], state[_COUNT] = left, zero, count
    return start


_KERNEL = twin("cobs_frame", portable_frame)


class CobsDecoder:
    """Decodes one frame into `out`, a bytearray or a memoryview of one; allocates nothing.

    kernel: portable_frame or its viper twin.
    """

    def __init__(self, out, kernel=_KERNEL):
        self._out = out
        self._kernel = kernel
        self._state = array("i", (0, 0, 0, 0))
        self.begin(len(out))

    @property
    def count(self):
        """Bytes in `out`."""
        return self._state[_COUNT]

    def begin(self, limit):
        """Be ready for a new frame of at most `limit` bytes decoded, or as many as `out` takes."""
        self.limit = min(limit, len(self._out))
        self.done = False  # True once the newline has passed
        self.consumed = 0  # the index at which the last feed() stopped: short of its `end` only when done
        for i in range(4):
            self._state[i] = 0

    def feed(self, buf, start, end):
        """Decode buf[start:end], up to the newline that ends the frame; returns `done`.

        Raises LinkError `bad-cobs` (no COBS) or `long-chunk` (more than `limit` bytes).
        """
        stop = start
        if not self.done:
            stop = self._kernel(self._state, buf, start, end, self._out, self.limit)
            if stop == _LONG:
                raise LinkError("long-chunk", "more than the %d bytes asked for" % self.limit)
            if stop == _DAMAGE:
                raise LinkError("bad-cobs", "a newline inside a block, after byte %d" % self.count)
            if stop < end:
                self.done = True
                stop += 1
        self.consumed = stop
        return self.done

    def finish(self):
        """The end of the frame: the count of bytes in `out`. Raises LinkError `bad-cobs` inside a block."""
        if self._state[_LEFT] or not self._state[_CODES]:
            raise LinkError("bad-cobs", "the frame ends inside a block, after byte %d" % self.count)
        return self.count
