import hashlib
import struct

import images
from check import code_of, feed_bytes, feed_whole, splits
from notedfu.container import TAIL_LIMIT, parse_header, tail_size
from notedfu.errors import ImageError
from notedfu.image import Image, Nowhere
from notedfu.tlvs import parse_tail

PAYLOAD = bytes(range(100))
DIGEST = bytes(32)


class Keep:
    """A sink that keeps what it gets."""

    def __init__(self):
        self.data = b""

    def feed(self, buf, start, end):
        self.data += bytes(buf[start:end])


def stage(sink=None):
    return Image(sink or Nowhere(), hashlib.sha256)


def read(image, length=0):
    """The Image after a container was fed whole."""
    reader = stage()
    reader.begin(length)
    feed_whole(reader, image)
    reader.finish()
    return reader


def code(image, length=0):
    return code_of(ImageError, read, image, length)


def header_code(**fields):
    values = {"payload_size": 100, "protected_size": 0}
    values.update(fields)
    return code_of(ImageError, parse_header, images.header(**values))


def tail_code(tail, protected_size=0):
    header = parse_header(images.header(100, protected_size))
    return code_of(ImageError, parse_tail, tail, len(tail), header)


def tlvs_code(*tlvs):
    return tail_code(images.area(0x6907, tlvs))


def protected_code(*tlvs):
    protected = images.area(0x6908, tlvs)
    return tail_code(protected + images.area(0x6907, [("sha256", DIGEST)]), len(protected))


def test_a_header_says_where_everything_lies():
    header = parse_header(images.header(100, 12, (1, 2, 300, 70000), 64, 0x10))
    assert header.size == 64
    assert header.payload_size == 100
    assert header.protected_size == 12
    assert header.version == (1, 2, 300, 70000)
    assert header.tail == 164
    assert header.covered == 176


def test_a_header_without_the_magic_is_no_image():
    raw = bytearray(images.header(100, 0))
    raw[3] ^= 1
    assert code_of(ImageError, parse_header, raw) == "bad-magic"
    big_endian = struct.pack(">IIHHIIBBHII", 0x96F3B83D, 0, 32, 0, 100, 0, 1, 2, 3, 4, 0)
    assert code_of(ImageError, parse_header, big_endian) == "bad-magic"


def test_only_the_flag_non_bootable_is_taken():
    for bit in range(32):
        if 1 << bit == 0x10:
            assert parse_header(images.header(100, 0, flags=0x10)).flags == 0x10
        else:
            assert header_code(flags=1 << bit) == "bad-flags"
            assert header_code(flags=1 << bit | 0x10) == "bad-flags"


def test_sizes_in_the_header_are_bounded():
    assert header_code(size=31) == "bad-sizes"
    assert header_code(size=0) == "bad-sizes"
    assert header_code(payload_size=0) == "bad-sizes"
    assert header_code(payload_size=0x3FFFFFFF) == "bad-sizes"
    assert header_code(payload_size=0xFFFFFFFF) == "bad-sizes"
    assert header_code(protected_size=TAIL_LIMIT + 1) == "bad-sizes"


def test_the_tail_is_what_the_length_leaves():
    header = parse_header(images.header(100, 12))
    assert tail_size(header, 132 + 52) == 52
    assert tail_size(header, 132 + TAIL_LIMIT) == TAIL_LIMIT
    for length in (0, 132, 144, 132 + TAIL_LIMIT + 1):
        assert code_of(ImageError, tail_size, header, length) == "bad-length"


def test_every_tlv_is_read():
    keys = b"\x01" + bytes(range(64)) + b"\x02" + bytes(range(32))
    protected = images.area(
        0x6908,
        [
            ("counter", b"\x07\0\0\x80"),
            ("dependency", b"\0\0\0\0\x01\x02\x03\0\x04\0\0\0"),
            ("dependency", b"\x05\0\0\0\x01\x00\x00\0\x00\0\0\0"),
            ("vendor", b"v" * 16),
            ("class", b"c" * 16),
            ("marker", b"firmware::info:{}\0"),
            ("kind", b"slots"),
            ("unpacked", b"\x01\x02\0\0\x03\0"),
            ("keys", keys),
            (0xBEEF, b"somebody's own"),
        ],
    )
    open_area = [("sha256", b"d" * 32), ("key_hash", b"h" * 32), ("ed25519", b"s" * 64)]
    tail = protected + images.area(0x6907, open_area)
    tlvs = parse_tail(tail + b"more of the buffer", len(tail), parse_header(images.header(9, len(protected))))
    assert tlvs.counter == 0x80000007
    assert tlvs.dependencies == [(0, (1, 2, 3, 4)), (5, (1, 0, 0, 0))]
    assert (tlvs.vendor, tlvs.class_id) == (b"v" * 16, b"c" * 16)
    assert tlvs.marker == b"firmware::info:{}\0"
    assert (tlvs.kind, tlvs.unpacked_size, tlvs.file_count) == (b"slots", 0x201, 3)
    assert tlvs.keys == [(1, bytes(range(64))), (2, bytes(range(32)))]
    assert (tlvs.digest, tlvs.key_hash) == (b"d" * 32, b"h" * 32)
    assert (tlvs.signature_type, tlvs.signature) == (0x24, b"s" * 64)


def test_tlvs_that_are_not_there_read_as_nothing():
    tail = images.area(0x6907, [("sha256", DIGEST)])
    tlvs = parse_tail(tail, len(tail), parse_header(images.header(9, 0)))
    assert tlvs.counter == 0
    for value in (tlvs.signature, tlvs.key_hash, tlvs.vendor, tlvs.class_id, tlvs.marker, tlvs.kind):
        assert value is None
    assert (tlvs.dependencies, tlvs.keys) == ([], [])


def test_a_tail_that_ends_early_is_refused_wherever_it_ends():
    image = images.unsigned(PAYLOAD, images.usual())
    header = parse_header(image)
    tail = image[header.tail :]
    for end in range(len(tail)):
        code = code_of(ImageError, parse_tail, tail[:end], end, header)
        assert code == "bad-area", (end, code)


def test_tlv_areas_must_add_up():
    assert tail_code(b"\x08\x69\x04\0") == "bad-area"
    assert tail_code(b"\x07\x69\x03\0") == "bad-area"
    assert tail_code(b"\x07\x69\x04\0") == "no-digest"
    assert tail_code(b"\x07\x69\x06\0ab") == "bad-area"
    assert tail_code(images.area(0x6907, [("sha256", DIGEST)]) + b"\0") == "trailing-bytes"
    twice = images.area(0x6907, [("sha256", DIGEST)]) * 2
    assert tail_code(twice) == "trailing-bytes"
    for rest in (b"a", b"ab", b"abc"):
        area = images.area(0x6907, [("sha256", DIGEST)]) + rest
        assert tail_code(area[:2] + struct.pack("<H", len(area)) + area[4:]) == "bad-area"
    beyond = struct.pack("<HHHH", 0x6907, 4 + 4 + 32, 0x10, 33) + bytes(32)
    assert tail_code(beyond) == "bad-area"


def test_the_protected_area_is_as_long_as_the_header_says():
    protected = images.area(0x6908, [("counter", b"1234")])
    rest = images.area(0x6907, [("sha256", DIGEST)])
    for said in (4, len(protected) - 1, len(protected) + 1, len(protected) + len(rest)):
        assert tail_code(protected + rest, said) == "bad-area"
    assert tail_code(protected + rest, 0) == "bad-area"
    assert tail_code(rest, len(protected)) == "bad-area"


def test_nothing_unknown_is_taken_outside_the_protected_area():
    digest = ("sha256", DIGEST)
    for kind in (0x00, 0x02, 0x21, 0x40, 0x50, 0x60, 0x74, 0x75, 0xA0, 0xA1, 0xA2, 0xA3, 0xBEEF, 0x110):
        assert tlvs_code(digest, (kind, bytes(16))) == "unknown-tlv", kind


def test_nothing_of_the_open_area_is_taken_in_the_protected_one():
    for kind, size in (("key_hash", 32), ("sha256", 32), ("ecdsa", 70), ("ed25519", 64)):
        assert protected_code((kind, bytes(size))) == "bad-tlv", kind


def test_each_kind_of_image_that_is_not_taken_has_its_code():
    kinds = {0x11: "sha384", 0x12: "sha512", 0x20: "rsa", 0x23: "rsa", 0x25: "pure", 0x30: "encrypted"}
    for kind in (0x31, 0x32, 0x33, 0x34):
        kinds[kind] = "encrypted"
    for kind, expected in kinds.items():
        assert tlvs_code(("sha256", DIGEST), (kind, bytes(48))) == expected
        assert protected_code((kind, bytes(48))) == expected


def test_a_tlv_of_the_wrong_length_is_refused():
    right = {"key_hash": 32, "sha256": 32, "ed25519": 64}
    for kind, size in right.items():
        for wrong in (0, size - 1, size + 1):
            assert tlvs_code((kind, bytes(wrong))) == "bad-tlv", (kind, wrong)
    for wrong in (0, 7, 73):
        assert tlvs_code(("ecdsa", bytes(wrong))) == "bad-tlv"
    right = {"counter": 4, "dependency": 12, "vendor": 16, "class": 16, "unpacked": 6}
    for kind, size in right.items():
        for wrong in (0, size - 1, size + 1):
            assert protected_code((kind, bytes(wrong))) == "bad-tlv", (kind, wrong)
    for kind in ("marker", "kind", 0xBEEF):
        assert protected_code((kind, b"")) == "bad-tlv"


def test_a_tlv_twice_is_refused():
    for kind, size in (("sha256", 32), ("key_hash", 32), ("ecdsa", 70), ("ed25519", 64)):
        assert tlvs_code((kind, bytes(size)), (kind, bytes(size))) == "duplicate-tlv"
    for kind, size in (("counter", 4), ("class", 16), ("marker", 9), (0xBEEF, 3)):
        assert protected_code((kind, bytes(size)), (kind, bytes(size))) == "duplicate-tlv"


def test_signature_and_key_hash_come_as_a_pair():
    digest, key_hash = ("sha256", DIGEST), ("key_hash", bytes(32))
    assert tlvs_code(digest, key_hash) == "half-signed"
    assert tlvs_code(digest, ("ecdsa", bytes(70))) == "half-signed"
    assert tlvs_code(key_hash, ("ecdsa", bytes(70))) == "no-digest"
    assert tlvs_code(digest, key_hash, ("ecdsa", bytes(70)), ("ed25519", bytes(64))) == "two-signatures"


def test_a_key_list_is_whole_keys_of_known_kinds():
    one, two = b"\x01" + bytes(64), b"\x02" + bytes(32)
    for wrong in (one[:-1], one + b"\x01", two + b"\0", b"\x03" + bytes(32), two * 5, b"\x02"):
        assert protected_code(("keys", wrong)) == "bad-tlv", wrong


def test_the_payload_and_nothing_else_goes_to_the_sink():
    for size in (32, 33, 64):
        for protected in ((), images.usual()):
            image = images.unsigned(PAYLOAD, protected, size=size)
            for length in (0, len(image)):
                for head, rest in splits(image):
                    sink = Keep()
                    reader = stage(sink)
                    reader.begin(length)
                    feed_whole(reader, head)
                    feed_whole(reader, rest)
                    reader.finish()
                    assert sink.data == PAYLOAD
                    assert reader.digest == reader.tlvs.digest


def test_an_image_may_come_byte_by_byte_and_from_the_middle_of_a_buffer():
    image = images.unsigned(PAYLOAD, images.usual(), size=64)
    sink = Keep()
    reader = stage(sink)
    for _ in range(2):
        reader.begin(len(image))
        feed_bytes(reader, image)
        reader.finish()
    assert sink.data == PAYLOAD * 2
    reader.begin(len(image))
    page = bytearray(b"?" * 50)
    for at in range(0, len(image), 30):
        piece = image[at : at + 30]
        page[10 : 10 + len(piece)] = piece
        reader.feed(memoryview(page), 10, 10 + len(piece))
    reader.finish()
    assert sink.data == PAYLOAD * 3


def test_a_bad_header_is_told_with_its_last_byte():
    reader = stage()
    reader.begin(0)
    reader.feed(bytes(31), 0, 31)
    assert code_of(ImageError, reader.feed, b"\0", 0, 1) == "bad-magic"


def test_a_length_that_can_not_be_is_told_with_the_header():
    image = images.unsigned(PAYLOAD)
    for length in (132, 131, 40, 132 + TAIL_LIMIT + 1):
        reader = stage()
        reader.begin(length)
        assert code_of(ImageError, reader.feed, image, 0, 32) == "bad-length"


def test_an_image_that_ends_early_is_refused_wherever_it_ends():
    image = images.unsigned(PAYLOAD, images.usual())
    for end in range(len(image)):
        assert code(image[:end]) in ("short-image", "bad-area"), end
        assert code(image[:end], len(image)) == "short-image", end


def test_an_image_that_goes_on_is_refused():
    image = images.unsigned(PAYLOAD)
    assert code(image + b"\0") == "trailing-bytes"
    assert code(image + b"\xff" * 5000) == "bad-length"
    assert code(image + b"\0", len(image)) == "bad-length"


def test_any_bit_changed_is_refused():
    image = images.unsigned(b"payload", images.usual()[1:], size=40)
    for at in range(len(image)):
        for bit in range(8):
            broken = bytearray(image)
            broken[at] ^= 1 << bit
            # the load address and the pad are not looked at, but hashed
            assert code(broken) is not None


def test_a_payload_that_grew_is_refused():
    image = images.unsigned(PAYLOAD, images.usual())
    grown = bytearray(image[: 32 + len(PAYLOAD)] + b"!" + image[32 + len(PAYLOAD) :])
    assert code(grown) == "bad-area"
    struct.pack_into("<I", grown, 12, len(PAYLOAD) + 1)
    assert code(grown) == "bad-digest"
