"""What the shared tests use in place of pytest's own: it works on CPython and on MicroPython alike."""


def raises(error, function, *args):
    """Call function(*args) and return the `error` it raises; anything else fails the test."""
    try:
        function(*args)
    except error as caught:
        return caught
    raise AssertionError("%s was not raised" % error.__name__)


def code_of(error, function, *args):
    """The stable code of the library's `error` that function(*args) raises."""
    return raises(error, function, *args).code


def splits(data):
    """Yield every way to cut `data` in two, as pairs (head, tail); both may be empty."""
    for at in range(len(data) + 1):
        yield data[:at], data[at:]


def feed_whole(stage, data):
    """Give a stream stage the whole of `data` at once."""
    stage.feed(data, 0, len(data))


def feed_bytes(stage, data):
    """Give a stream stage `data` a byte at a time, from a one-byte buffer that is used again."""
    one = bytearray(1)
    for byte in data:
        one[0] = byte
        stage.feed(one, 0, 1)


class Random:
    """A small seeded generator (xorshift32), the same on every interpreter."""

    def __init__(self, seed):
        self._state = (seed & 0xFFFFFFFF) or 0x9E3779B9

    def next(self):
        """The next number, 32 bits."""
        x = self._state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self._state = x
        return x

    def below(self, limit):
        """A number from 0 to limit - 1."""
        return self.next() % limit

    def bytes(self, length):
        """`length` bytes."""
        return bytes(self.next() >> 11 & 0xFF for _ in range(length))
