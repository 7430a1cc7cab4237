from check import Random, splits
from notedfu import crc32
from notedfu.crc32 import BinasciiCrc32, Crc32, StateCrc32, portable_get_hex, portable_put_hex, table_update
from notedfu.twins import twin

# note-c's and field logs' own: text, CRC-32.
VECTORS = (
    (b"", 0),
    (b"123456789", 0xCBF43926),
    (b'{"req":"dfu.status"}', 0xAF188B2B),
    (b'{"req":"card.dfu","name":"-","off":true}', 0xDFFBEA8F),
    (b"{}", 0xA3A6BF43),
    (b'{"req":"dfu.get"}', 0x55061ABF),
    (b'{"req":"dfu.get","offset":0,"length":32}', 0x311C9BB6),
)


def sums():
    """Every way to reckon it that there is here."""
    yield StateCrc32(table_update)
    yield BinasciiCrc32()
    fast = twin("crc32_update", None)
    if fast:
        yield StateCrc32(fast)


def digits(total):
    buf = bytearray(b"-" * 10)
    total.write_hex(buf, 1)
    return bytes(buf)


def test_the_vectors_come_out():
    for total in sums():
        for text, expected in VECTORS:
            total.reset()
            total.update(text, 0, len(text))
            assert total.value() == expected
            assert digits(total) == b"-%08X-" % expected


def test_any_split_gives_the_same():
    text = VECTORS[3][0]
    for total in sums():
        for head, tail in splits(text):
            total.reset()
            total.update(head, 0, len(head))
            total.update(tail, 0, len(tail))
            assert total.value() == VECTORS[3][1]


def test_only_the_range_counts():
    for total in sums():
        for buf in (b"xx123456789yyy", bytearray(b"xx123456789yyy"), memoryview(b"xx123456789yyy")):
            total.reset()
            total.update(buf, 2, 11)
            total.update(buf, 5, 5)
            assert total.value() == 0xCBF43926


def test_all_ways_agree_on_noise():
    random = Random(5)
    for _ in range(40):
        data = random.bytes(random.below(300))
        start = random.below(len(data) + 1)
        end = start + random.below(len(data) + 1 - start)
        values = []
        for total in sums():
            total.update(data, 0, start)
            total.update(data, start, end)
            total.update(data, end, len(data))
            values.append(total.value())
        assert values == [values[0]] * len(values)


def test_a_copy_goes_its_own_way():
    for one, other in zip(sums(), sums()):
        one.update(b"1234", 0, 4)
        other.assign(one)
        one.update(b"zz", 0, 2)
        other.update(b"56789", 0, 5)
        assert other.value() == 0xCBF43926
        assert one.value() != other.value()


def test_the_digits_match_in_either_case_and_nothing_else_does():
    for total in sums():
        total.update(b"123456789", 0, 9)
        assert total.matches_hex(b":cbf43926", 1)
        assert total.matches_hex(b":CBF43926", 1)
        for at in range(8):
            for wrong in b"0g/:@ \x00\x10\x13\xffG":
                text = bytearray(b"CBF43926")
                if text[at] != wrong:
                    text[at] = wrong
                    assert not total.matches_hex(text, 0), text


def test_the_state_is_the_value_lowest_byte_first():
    for total in sums():
        total.update(b"123456789", 0, 9)
        assert bytes(total.state()) == b"\x26\x39\xf4\xcb"


def test_four_hex_digits_are_a_number_and_nothing_else_is():
    for get_hex in (portable_get_hex, twin("get_hex", portable_get_hex)):
        for at in range(4):
            for c in range(256):
                text = bytearray(b"x0000x")
                text[1 + at] = c
                digit = b"0123456789abcdef".find(bytes((c,)).lower())
                assert get_hex(text, 1) == (digit << 4 * (3 - at) if digit >= 0 else -1)


def test_a_number_becomes_four_hex_digits():
    for put_hex in (portable_put_hex, twin("put_hex", portable_put_hex)):
        for value in (0, 1, 9, 10, 15, 0xABCD, 0x1234, 0xFFFF):
            buf = bytearray(b"------")
            assert put_hex(value, buf, 1) is None
            assert buf == b"-%04X-" % value


def test_the_best_way_is_taken():
    assert Crc32 is (StateCrc32 if twin("crc32_update", None) else BinasciiCrc32)
    assert issubclass(crc32.Crc32, StateCrc32)
