from check import Random, code_of, feed_bytes, feed_whole, splits
from notedfu.cobs import CobsDecoder, portable_frame
from notedfu.errors import LinkError
from notedfu.twins import twin

# note-c's and note-python's: frame, data.
VECTORS = (
    (b"\x0b", b""),
    (b"\x0b\x0b", b"\x00"),
    (b"\x08\x00", b"\x0a"),
    (b"\x0b\x0b\x0b", b"\x00\x00"),
    (b"\x0e\x0b\x08\x09", b"\x01\x02\x03"),
    (b"\x0e\x6b\x68\x69\x0e\x6e\x6f\x6c", b"abc\x00def"),
)


def encode(data):
    """Straight from the definition: blocks end at zeros, or with the 254th byte; a last code always comes."""
    frame = bytearray()
    block = bytearray()
    for byte in bytes(data):
        if byte:
            block.append(byte)
        if not byte or len(block) == 254:
            frame.append(len(block) + 1)
            frame.extend(block)
            block = bytearray()
    frame.append(len(block) + 1)
    frame.extend(block)
    return bytes(byte ^ 10 for byte in frame)


def decoders(size):
    for kernel in (portable_frame, twin("cobs_frame", None)):
        if kernel:
            out = bytearray(size + 8)
            yield CobsDecoder(out, kernel), out


def decode(decoder, out, parts, limit):
    decoder.begin(limit)
    for part in parts:
        feed_whole(decoder, part)
    return bytes(out[: decoder.finish()])


def test_the_encoder_of_these_tests_agrees_with_the_vectors():
    for frame, data in VECTORS:
        assert encode(data) == frame
    full = encode(bytes(range(1, 255)))
    assert len(full) == 256 and full[:3] == b"\xf5\x0b\x08" and full[-2:] == b"\xf4\x0b"
    full = encode(bytes(range(1, 256)))
    assert len(full) == 257 and full[-4:] == b"\xf7\xf4\x08\xf5"
    assert len(encode(b"\x01" * 4096)) == 4113
    assert len(encode(bytes(8192))) == 8193


def test_the_vectors_come_out_at_every_split_with_and_without_newline():
    for decoder, out in decoders(8):
        for frame, data in VECTORS:
            for end in (b"", b"\n"):
                for head, tail in splits(frame + end):
                    assert decode(decoder, out, (head, tail), 8) == data
                assert decoder.done == bool(end)
                decoder.begin(8)
                feed_bytes(decoder, frame + end)
                assert bytes(out[: decoder.finish()]) == data


def test_pages_come_out_in_pieces_of_any_size():
    random = Random(11)
    pages = [random.bytes(1000), bytes(1000), b"\xff" * 1000, b"\x0a\x00" * 500]
    pages += [b"\x01" * n for n in (253, 254, 255, 507, 508, 509)]
    pages += [b"\x01" * n + b"\x00" for n in (253, 254, 255, 508)]
    for decoder, out in decoders(1000):
        for page in pages:
            frame = encode(page) + b"\n"
            for size in (1, 7, 253, 254, 2000):
                parts = [frame[i : i + size] for i in range(0, len(frame), size)]
                assert decode(decoder, out, parts, 1000) == page
        assert bytes(out[1000:]) == bytes(8)


def test_only_the_range_counts():
    for decoder, out in decoders(8):
        decoder.begin(8)
        decoder.feed(b"\n\n\x0e\x0b\x08\x09\n\n", 2, 6)
        assert decoder.finish() == 3
        assert bytes(out[:3]) == b"\x01\x02\x03"


def test_a_frame_cut_short_is_damage():
    frame = VECTORS[5][0]
    for decoder, out in decoders(8):
        for cut in (0, 1, 2, 3, 5, 6, 7):
            assert code_of(LinkError, decode, decoder, out, (frame[:cut],), 8) == "bad-cobs"
            assert code_of(LinkError, decode, decoder, out, (frame[:cut] + b"\n",), 8) == "bad-cobs"


def test_bytes_behind_the_newline_are_left():
    frame = VECTORS[5][0] + b"\n"
    for decoder, out in decoders(8):
        for head, tail in splits(frame + b"\x0b"):
            decoder.begin(8)
            done = decoder.feed(head, 0, len(head))
            assert done == (len(head) >= len(frame))
            assert decoder.consumed == min(len(head), len(frame))
            assert decoder.feed(tail, 0, len(tail))
            assert decoder.consumed == (0 if done else len(frame) - len(head))
            assert bytes(out[: decoder.finish()]) == VECTORS[5][1]


def test_more_than_the_limit_is_a_long_chunk_and_is_not_written():
    for decoder, out in decoders(7):
        for limit in range(7):
            for i in range(len(out)):
                out[i] = 0xEE
            for head, tail in splits(VECTORS[5][0]):
                assert code_of(LinkError, decode, decoder, out, (head, tail), limit) == "long-chunk"
            assert bytes(out[limit:]) == b"\xee" * (len(out) - limit)
        assert decode(decoder, out, (VECTORS[5][0],), 7) == VECTORS[5][1]


def test_begin_forgets_what_was_left():
    for decoder, out in decoders(8):
        for rest in (b"\x0e\x6b", b"\x0e\x0b\x08\x09", b"\x0b\n"):
            decoder.begin(8)
            feed_whole(decoder, rest)
            assert decode(decoder, out, (b"\x08\x00",), 8) == b"\x0a"
