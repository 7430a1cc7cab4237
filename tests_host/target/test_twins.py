"""Each viper twin does what its portable function does, on noise that is nearly right."""

from array import array

from check import Random
from notedfu import b64, cobs, crc32, fast, i2c, scan

ROUNDS = 1500
ROOM = 640
MARGIN = b"\xee"
DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def piece(random, data):
    """Where a piece of data begins, is cut in two, and ends."""
    start = random.below(len(data) + 1)
    end = start + random.below(len(data) + 1 - start)
    return start, start + random.below(end + 1 - start), end


def decoded(kernel, size, data, piece, limit):
    """What a decoder makes of a piece that is cut in two; nothing is written beyond the limit."""
    start, cut, end = piece
    out = bytearray(MARGIN * ROOM)
    state = array("i", (0,) * size)
    stop = kernel(state, data, start, cut, out, limit)
    if stop == cut:
        stop = kernel(state, data, cut, end, out, limit)
    assert bytes(out[limit:]) == MARGIN * (ROOM - limit)
    return (stop, list(state), bytes(out[: state[2]])) if stop >= 0 else stop


def check_decoders(portable, viper, words, data, random, most):
    """Both make the same of a piece of data, with a limit below `most`."""
    where, limit = piece(random, data), random.below(most)
    expected = decoded(portable, words, data, where, limit)
    assert decoded(viper, words, data, where, limit) == expected, (data, where, limit)


def spoiled(random, data, values, times):
    """data with up to `times` of its bytes replaced by some of `values`."""
    for _ in range(random.below(times + 1) if data else 0):
        data[random.below(len(data))] = values[random.below(len(values))]
    return data


def test_base64():
    random, every = Random(21), bytes(range(256))
    for _ in range(ROUNDS):
        text = bytearray([DIGITS[random.below(64)] for _ in range(random.below(200))])
        text = spoiled(random, text, every, 2)
        check_decoders(b64.portable_decode, fast.b64_decode, 3, text, random, 160)


def test_cobs():
    random = Random(22)
    for _ in range(ROUNDS):
        frame = spoiled(random, bytearray(random.bytes(random.below(600))), b"\x0a\xf5\x0b\x08", 3)
        check_decoders(cobs.portable_frame, fast.cobs_frame, 4, frame, random, 600)


def test_crc32_of_any_range_of_any_buffer_from_any_state():
    random = Random(23)
    for _ in range(ROUNDS):
        data = random.bytes(random.below(100))
        data = (data, bytearray(data), memoryview(b"#" + data)[1:])[random.below(3)]
        start, _, end = piece(random, data)
        portable = bytearray(random.bytes(4))
        viper = bytearray(portable)
        crc32.table_update(portable, data, start, end)
        fast.crc32_update(viper, data, start, end)
        assert viper == portable, (bytes(data), start, end)


def test_copies_of_text():
    random = Random(24)
    for _ in range(ROUNDS):
        text = bytearray([32 + random.below(97) for _ in range(random.below(80))])
        text = spoiled(random, text, bytes(range(256)), 1)
        start, end, at = random.below(len(text) + 1), random.below(len(text) + 1), random.below(40)
        found = []
        for copy in (scan.portable_copy, fast.copy_text):
            out = bytearray(MARGIN * 130)
            found.append((copy(text, start, end, out, at), out))
        assert found[0] == found[1], (text, start, end, at)


class Wire:
    """A Notecard with `data`, from which headers come wrong and reads fail now and then, as the seed says."""

    def __init__(self, data, seed):
        self._data = data
        self._at = 0
        self._random = Random(seed)
        self.log = []

    def write(self, address, buf, n):
        self.log.append((address, bytes(buf), n))

    def read(self, address, part, n):
        self.log.append((address, n))
        if not self._random.below(15):
            raise OSError(5)
        self.again(n - 2, part)

    def nap(self, ms):
        self.log.append(ms)

    def again(self, n, part):
        self.log.append(n)
        piece = self._data[self._at : self._at + n]
        self._at += n
        for i in range(len(piece)):
            part[2 + i] = piece[i]
        left = min(max(len(self._data) - self._at, 0), 253)
        part[0] = left if self._random.below(20) else self._random.below(256)
        part[1] = n if self._random.below(20) else self._random.below(256)


def gathered(kernel, data, seed, most, packets, turn_ms):
    """What gather() returns and leaves, the bytes in their place, and all that it did to the bus."""
    wire = Wire(data, seed)
    whole = memoryview(bytearray(packets * most + 2))
    parts = [whole[at : at + most + 2] for at in range(0, packets * most, most)]
    words = array("i", (min(len(data), 253), most, 0x17, 1, turn_ms, 0, 0))
    count = kernel(words, parts, bytearray(2), wire.write, wire.read, wire.nap, wire.again)
    return count, list(words), bytes(whole[2 : 2 + max(count, 0)]), wire.log


def test_packets_with_wrong_headers_and_faults_between():
    random = Random(25)
    for _ in range(ROUNDS // 3):
        most, packets = (1, 30, 253)[random.below(3)], 1 + random.below(8)
        data = random.bytes(1 + random.below(2 * most * packets))
        case = data, random.next(), most, packets, 2 * random.below(2)
        assert gathered(fast.gather, *case) == gathered(i2c.portable_gather, *case), case
