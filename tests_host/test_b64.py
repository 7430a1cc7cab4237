from binascii import b2a_base64

from check import Random, code_of, feed_bytes, feed_whole, splits
from notedfu.b64 import Base64Decoder, portable_decode
from notedfu.errors import LinkError
from notedfu.twins import twin

# RFC 4648, section 10.
VECTORS = (
    (b"", b""),
    (b"Zg==", b"f"),
    (b"Zm8=", b"fo"),
    (b"Zm9v", b"foo"),
    (b"Zm9vYg==", b"foob"),
    (b"Zm9vYmE=", b"fooba"),
    (b"Zm9vYmFy", b"foobar"),
    (b"++//AAAA", b"\xfb\xef\xff\x00\x00\x00"),
)

BAD = (
    # not canonical, or padding where none belongs
    b"Zh==", b"Zm9=", b"Z===", b"====", b"=", b"Zg=", b"Zg", b"Zg===", b"Zg==Zg==", b"Zg==Zm9v", b"Zm8=Zm9v",
    b"Z=8=", b"=m8=", b"Zg=A", b"Zm9vZ", b"Zm9vZm", b"Zm9vZm8", b"Zg==Z", b"Zg== ", b"Zg==\n",
    # no digits
    b"Zm9 ", b"Zm-v", b"Zm_v", b"Zm9v\r\n", b"Zm9v\nZm9v", b"Zm\x009", b"\xff\xff\xff\xff", b"Zm9v Zm9vZm9",
    b"Zm9v@[`{", b"Zm9v:.,*", b'Zm9v"""m',
)  # fmt: skip


def kernels():
    yield portable_decode
    fast = twin("b64_decode", None)
    if fast:
        yield fast


def decoders(size):
    """Decoders of each kind, each with its buffer, which has a margin that must stay as it is."""
    for kernel in kernels():
        for view in (bytearray, lambda n: memoryview(bytearray(n))):
            out = view(size + 8)
            yield Base64Decoder(out, kernel), out


def decode(decoder, out, parts, limit):
    decoder.begin(limit)
    for part in parts:
        feed_whole(decoder, part)
    return bytes(out[: decoder.finish()])


def one_by_one(decoder, text, limit):
    decoder.begin(limit)
    feed_bytes(decoder, text)
    decoder.finish()


def test_the_vectors_come_out_at_every_split():
    for decoder, out in decoders(6):
        for text, expected in VECTORS:
            for head, tail in splits(text):
                assert decode(decoder, out, (head, tail), 6) == expected
            one_by_one(decoder, text, 6)
            assert bytes(out[: decoder.count]) == expected


def test_a_page_comes_out_whole_and_in_pieces_of_any_size():
    data = Random(7).bytes(1024)
    text = b2a_base64(data).strip()
    for decoder, out in decoders(1024):
        for size in (1, 2, 3, 5, 64, 253, 2000):
            parts = [text[i : i + size] for i in range(0, len(text), size)]
            assert decode(decoder, out, parts, 1024) == data
        assert bytes(out[1024:]) == bytes(8)


def test_only_the_range_counts():
    for decoder, out in decoders(6):
        decoder.begin(6)
        decoder.feed(b"::Zm9vYmFy==", 2, 10)
        assert decoder.finish() == 6
        assert bytes(out[:6]) == b"foobar"


def test_damage_is_damage_at_every_split():
    for decoder, out in decoders(32):
        for text in BAD:
            for head, tail in splits(text):
                assert code_of(LinkError, decode, decoder, out, (head, tail), 32) == "bad-base64", text
            assert code_of(LinkError, one_by_one, decoder, text, 32) == "bad-base64", text


def test_each_byte_that_is_no_digit_is_refused_at_each_place():
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for decoder, out in decoders(32):
        for c in range(256):
            for at in range(8):
                text = bytearray(b"Zm9vZm9v")
                text[at] = c
                if c in digits:
                    assert len(decode(decoder, out, (text,), 6)) == 6
                elif c != 61 or at != 7:
                    assert code_of(LinkError, decode, decoder, out, (text,), 6) == "bad-base64", text


def test_unused_bits_must_be_zero():
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for decoder, out in decoders(8):
        good = 0
        for c in digits:
            for text in (bytes((90, c, 61, 61)), bytes((90, 109, c, 61))):
                try:
                    decode(decoder, out, (text,), 8)
                    good += 1
                except LinkError:
                    pass
        assert good == 4 + 16


def test_more_than_the_limit_is_a_long_chunk():
    for decoder, out in decoders(6):
        for text, expected in VECTORS:
            for limit in range(len(expected)):
                for head, tail in splits(text):
                    assert code_of(LinkError, decode, decoder, out, (head, tail), limit) == "long-chunk"
            assert bytes(out[len(expected) :]).count(b"\x00") >= 8
            assert decode(decoder, out, (text,), len(expected)) == expected


def test_nothing_is_written_beyond_the_limit():
    for decoder, out in decoders(6):
        for limit in range(6):
            for i in range(len(out)):
                out[i] = 0xEE
            code_of(LinkError, decode, decoder, out, (b"Zm9vYmFyZm9v",), limit)
            code_of(LinkError, one_by_one, decoder, b"Zm9vYmFyZm9v", limit)
            assert bytes(out[limit:]) == b"\xee" * (len(out) - limit)


def test_begin_forgets_what_was_left():
    for decoder, out in decoders(6):
        for rest in (b"Z", b"Zm", b"Zm9", b"Zg==", b"Zm9vZg="):
            decoder.begin(6)
            feed_whole(decoder, rest)
            assert decode(decoder, out, (b"Zm9v",), 6) == b"foo"
