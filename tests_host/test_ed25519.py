from notedfu.ed25519 import _decode, verify
from notedfu.sha512 import sha512

P = (1 << 255) - 19
L = (1 << 252) + 27742317777372353535851937790883648493

# RFC 8032 7.1, tests 1 to 3: key, message, signature
EXAMPLES = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)
KEY, MESSAGE, SIGNATURE = [bytes.fromhex(part) for part in EXAMPLES[1]]


def nothing():
    pass


def good(signature=SIGNATURE, key=KEY, message=MESSAGE):
    return verify(key, message, signature, nothing)


def test_the_examples_of_rfc_8032_are_good():
    for example in EXAMPLES:
        key, message, signature = [bytes.fromhex(part) for part in example]
        assert verify(key, message, signature, nothing) is True


def test_another_message_key_or_signature_is_not_good():
    assert not good(message=b"")
    assert not good(message=MESSAGE + b"\0")
    assert not good(key=bytes.fromhex(EXAMPLES[0][0]))
    for at in range(0, 64, 5):
        changed = bytearray(SIGNATURE)
        changed[at] ^= 1
        assert not good(changed)


def test_lengths_are_fixed():
    for wrong in (b"", SIGNATURE[:63], SIGNATURE + b"\0"):
        assert not good(wrong)
    for wrong in (b"", KEY[:31], KEY + b"\0"):
        assert not good(key=wrong)


def test_s_must_be_below_the_order():
    s = int.from_bytes(SIGNATURE[32:], "little")
    for more in (L, 2 * L, 8 * L):
        assert not good(SIGNATURE[:32] + (s + more).to_bytes(32, "little"))
    assert not good(SIGNATURE[:32] + L.to_bytes(32, "little"))


def encoded(y, odd):
    return (y | odd << 255).to_bytes(32, "little")


def secret_of(seed):
    """The number behind a secret key (RFC 8032 5.1.5)."""
    raw = bytearray(sha512(seed)[:32])
    raw[0] &= 0xF8
    raw[31] = raw[31] & 0x7F | 0x40
    return int.from_bytes(raw, "little")


def test_points_have_one_encoding():
    """With the nonce 0, R is (0, 1), which can be spelled in three more ways."""
    # the published secret of RFC 8032's test 2
    secret = secret_of(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    for r, right in (
        (encoded(1, 0), True),
        (encoded(1 + P, 0), False),
        (encoded(1, 1), False),
        (encoded(1 + P, 1), False),
    ):
        s = int.from_bytes(sha512(r + KEY + MESSAGE), "little") * secret % L
        assert good(r + s.to_bytes(32, "little")) is right


def test_a_key_of_small_order_is_not_good():
    """Such keys hold for every few messages, whoever signs: h * key is one of at most eight points."""
    one = encoded(1, 0)
    order_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
    for y in (0, 1, P - 1, order_8, P - order_8):
        for odd in (0, 1):
            for number in range(20):
                assert not good(one + bytes(32), key=encoded(y, odd), message=bytes([number]))


def test_a_key_is_a_point_written_in_its_one_way():
    assert _decode(KEY) is not None
    assert _decode(encoded(3, 0)) is not None
    assert _decode(encoded(3 + P, 0)) is None
    for y in (2, 7, P, P + 18, (1 << 255) - 1):
        for odd in (0, 1):
            assert _decode(encoded(y, odd)) is None
            assert not good(key=encoded(y, odd))


def test_the_sign_of_the_key_counts():
    turned = bytearray(KEY)
    turned[31] ^= 0x80
    assert not good(key=turned)


def test_ticks_come_often():
    count = [0]

    def tick():
        count[0] += 1

    assert verify(KEY, MESSAGE, SIGNATURE, tick)
    assert count[0] >= 32
