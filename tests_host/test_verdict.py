import hashlib
import struct
import sys

import images
from check import code_of
from notedfu import verdict
from notedfu.container import parse_header
from notedfu.errors import ImageError, SettingsError
from notedfu.keys import KEY_ED25519, KEY_P256, parse_key, parse_uuid
from notedfu.marker import info
from notedfu.tlvs import parse_tail
from notedfu.verdict import Policy, Signatures, judge

KEY = (KEY_ED25519, bytes(range(32)))
OTHER = (KEY_P256, bytes(range(64)))
# what comes before the raw key in its SubjectPublicKeyInfo (RFC 8410, RFC 5480)
DER_HEADS = {
    KEY_ED25519: bytes.fromhex("302a300506032b6570032100"),
    KEY_P256: bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
}
RUNNING = (1, 2, 3, 4)


class Believing(Signatures):
    """Every signature is good that begins with "good"; says what it was asked."""

    def __init__(self):
        super().__init__(hashlib.sha256, None)
        self.asked = []

    def good(self, key, digest, signature):
        self.asked.append((key, digest))
        return signature.startswith(b"good")


def key_hash(key):
    return hashlib.sha256(DER_HEADS[key[0]] + key[1]).digest()


def signature_by(key, good=True):
    kind, size = ("ed25519", 64) if key[0] == KEY_ED25519 else ("ecdsa", 70)
    text = b"good" if good else b"evil"
    return [("key_hash", key_hash(key)), (kind, text + bytes(size - 4))]


def verdict_on(policy, protected=None, signature=(), signatures=None):
    """judge() of an image with these TLVs."""
    region = images.covered(b"payload", images.usual() if protected is None else protected)
    image = region + images.area(0x6907, [("sha256", images.digest(region))] + list(signature))
    header = parse_header(image)
    tail = image[header.tail :]
    return judge(header, parse_tail(tail, len(tail), header), policy, signatures or Believing())


def code(policy, protected=None, signature=()):
    return code_of(ImageError, verdict_on, policy, protected, signature)


def unsigned_policy():
    policy = Policy()
    policy.allow_unsigned = True
    return policy


def signed_policy(*keys):
    policy = Policy()
    policy.keys = keys
    return policy


def test_a_policy_as_it_comes_takes_nothing():
    assert code(Policy()) == "unsigned"
    assert code(Policy(), None, signature_by(KEY)) == "foreign-key"


def test_unsigned_is_taken_only_where_it_is_allowed_and_no_key_is_set():
    assert verdict_on(unsigned_policy()) is False
    policy = signed_policy(KEY)
    policy.allow_unsigned = True
    assert code(policy) == "unsigned"
    assert code(policy, None, signature_by(OTHER)) == "foreign-key"
    assert code(policy, None, signature_by(KEY, good=False)) == "bad-signature"


def test_an_image_signed_by_any_of_the_keys_is_taken():
    for keys in ((KEY,), (OTHER, KEY), (KEY, OTHER)):
        signatures = Believing()
        assert verdict_on(signed_policy(*keys), None, signature_by(KEY), signatures) is True
        digest = images.digest(images.covered(b"payload", images.usual()))
        assert signatures.asked == [(KEY, digest)]
    assert verdict_on(signed_policy(KEY, OTHER), None, signature_by(OTHER)) is True


def test_a_signature_of_the_other_kind_than_its_key_is_refused_unread():
    signatures = Believing()
    mixed = [("key_hash", key_hash(OTHER)), ("ed25519", b"good" + bytes(60))]
    caught = code_of(ImageError, verdict_on, signed_policy(OTHER), None, mixed, signatures)
    assert (caught, signatures.asked) == ("bad-signature", [])


def test_the_class_must_be_the_one_of_this_device():
    policy = unsigned_policy()
    policy.class_id = b"c" * 16
    assert verdict_on(policy, images.usual() + [("class", b"c" * 16)]) is False
    assert code(policy, images.usual() + [("class", b"d" * 16)]) == "foreign"
    assert code(policy) == "foreign"
    policy.vendor = b"v" * 16
    assert code(policy, images.usual() + [("class", b"c" * 16)]) == "foreign"
    both = images.usual() + [("class", b"c" * 16), ("vendor", b"v" * 16)]
    assert verdict_on(policy, both) is False


def test_the_counter_must_not_go_back():
    policy = unsigned_policy()
    for counter, lowest, taken in ((0, 0, True), (7, 7, True), (8, 7, True), (6, 7, False)):
        policy.counter = lowest
        protected = images.usual() + [("counter", struct.pack("<I", counter))]
        if taken:
            verdict_on(policy, protected)
        else:
            assert code(policy, protected) == "downgrade"
    policy.counter = 1
    assert code(policy) == "downgrade"
    policy.counter = 0xFFFFFFFF
    assert code(policy, images.usual() + [("counter", b"\xfe\xff\xff\xff")]) == "downgrade"


def test_what_an_image_depends_on_must_run():
    policy = unsigned_policy()
    needs = lambda number, *v: images.usual() + [("dependency", struct.pack("<B3xBBHI", number, *v))]  # noqa: E731
    assert code(policy, needs(0, 0, 0, 0, 0)) == "dependency"
    policy.running = RUNNING
    for version in ((0, 9, 9, 9), (1, 2, 3, 4), (1, 2, 2, 99)):
        assert verdict_on(policy, needs(0, *version)) is False
    for version in ((1, 2, 3, 5), (1, 2, 4, 0), (1, 3, 0, 0), (2, 0, 0, 0)):
        assert code(policy, needs(0, *version)) == "dependency"
    assert code(policy, needs(1, 0, 0, 0, 0)) == "dependency"
    assert code(policy, needs(0, 1, 0, 0, 0) + needs(0, 2, 0, 0, 0)[-1:]) == "dependency"


def test_the_payload_must_be_of_a_kind_this_device_takes():
    policy = unsigned_policy()
    assert code(policy, images.usual(kind=b"esp32")) == "bad-kind"
    assert code(policy, images.usual()[:1]) == "bad-kind"
    assert code(policy, []) == "bad-kind"
    policy.kinds = (b"slots", b"esp32")
    assert verdict_on(policy, images.usual(kind=b"esp32")) is False


def test_the_checks_have_an_order():
    policy = signed_policy(KEY)
    policy.class_id = bytes(16)
    policy.counter = 1
    bad = [("kind", b"?"), ("marker", b"?"), ("dependency", bytes(12))]
    signed = signature_by(KEY)
    assert code(policy, bad) == "unsigned"
    assert code(policy, bad, signature_by(OTHER)) == "foreign-key"
    assert code(policy, bad, signature_by(KEY, good=False)) == "bad-signature"
    assert code(policy, bad, signed) == "foreign"
    bad.append(("class", bytes(16)))
    assert code(policy, bad, signed) == "downgrade"
    bad.append(("counter", b"\x01\0\0\0"))
    assert code(policy, bad, signed) == "dependency"
    policy.running = RUNNING
    assert code(policy, bad, signed) == "bad-kind"
    policy.kinds = (b"?",)
    assert code(policy, bad, signed) == "bad-marker"


def with_marker(text):
    return [("marker", text)] + images.usual()[1:]


def test_a_marker_that_notehub_could_not_read_is_refused():
    policy = unsigned_policy()
    for text in (
        b"firmware::info:{}",
        b"firmware::info:{}\n",
        b"firmware::info:{}\0\0",
        b"firmware::info:{\0}\0",
        b"firmware::info:\0",
        b"firmware::info:{x}\0",
        b"firmware::info:{} {}\0",
        b"firmware::info:[]\0",
        b"firmware::info:7\0",
        b"Firmware::info:{}\0",
        b" firmware::info:{}\0",
        b"\0",
    ):
        assert code(policy, with_marker(text)) == "bad-marker", text
    assert verdict_on(policy, with_marker(b"firmware::info:{}\0")) is False
    assert verdict_on(policy, images.usual()[1:]) is False


def test_a_marker_with_another_version_than_the_header_is_refused():
    policy = unsigned_policy()
    assert verdict_on(policy, with_marker(images.marker((1, 2, 3, 4)))) is False
    for version in ((2, 2, 3, 4), (1, 0, 3, 4), (1, 2, 4, 4), (1, 2, 3, 5)):
        assert code(policy, with_marker(images.marker(version))) == "bad-marker"
    for text, good in (("1.2.3", 1), ("1.2.3+4", 1), ("1.2.3+5", 0), ("1.2", 0), ("1.2.3.4", 0), ("", 0)):
        marker = b'firmware::info:{"version":"%s"}\0' % text.encode()
        if good:
            verdict_on(policy, with_marker(marker))
        else:
            assert code(policy, with_marker(marker)) == "bad-marker", text


def test_the_marker_gives_the_ten_keys_that_dfu_status_takes():
    protected = with_marker(images.marker(more=',"built":"now","builder":"b","target":"x","description":"d"'))
    image = images.unsigned(b"payload", protected)
    header = parse_header(image)
    facts = info(parse_tail(image[header.tail :], len(image) - header.tail, header))
    assert facts == {
        "org": "o",
        "product": "p",
        "description": "d",
        "version": "1.2.3",
        "built": "now",
        "ver_major": 1,
        "ver_minor": 2,
        "ver_patch": 3,
        "ver_build": 4,
        "builder": "b",
    }


def test_keys_are_read_from_settings():
    assert parse_key("ed25519:" + "0aFf" * 16) == (KEY_ED25519, b"\x0a\xff" * 16)
    assert parse_key("p256:" + "01" * 64) == (KEY_P256, b"\x01" * 64)
    for text in (
        "",
        "p256",
        "p256:",
        "ed25519:" + "00" * 64,
        "p256:" + "00" * 32,
        "rsa:00",
        "p256:" + "0" * 127,
    ):
        assert code_of(SettingsError, parse_key, text) == "bad-key", text
    assert code_of(SettingsError, parse_key, "ed25519:" + "0g" * 32) == "bad-key"


def test_a_class_is_read_from_settings():
    assert parse_uuid("00112233-4455-6677-8899-aabbccddeeff") == parse_uuid(
        "00112233445566778899AABBCCDDEEFF"
    )
    assert parse_uuid("00" * 15 + "07") == bytes(15) + b"\x07"
    for text in ("", "00" * 15, "00" * 17, "example.com/app", "zz" * 16):
        assert code_of(SettingsError, parse_uuid, text) == "bad-uuid", text


def test_real_signatures_are_checked_and_their_code_is_forgotten():
    # RFC 8032 7.1, test 2, whose message is one byte
    key = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    ticks = []
    signatures = Signatures(hashlib.sha256, lambda: ticks.append(1))
    for _ in range(2):
        assert signatures.good((KEY_ED25519, key), b"\x72", signature)
        assert not signatures.good((KEY_P256, key + key), bytes(32), signature)
        assert "notedfu.ed25519" in sys.modules and "notedfu.p256" in sys.modules
        verdict.forget()
        for name in ("ed25519", "p256", "curves", "sha512"):
            assert "notedfu." + name not in sys.modules
            assert not hasattr(sys.modules["notedfu"], name)
    assert ticks
    verdict.forget()


def test_a_key_list_counts_only_under_a_signature_that_counts():
    listed = images.usual() + [("keys", b"\x02" + bytes(32))]
    assert code(unsigned_policy(), listed) == "unsigned"
    assert code(unsigned_policy(), listed, signature_by(KEY)) == "unsigned"
    assert verdict_on(signed_policy(KEY), listed, signature_by(KEY)) is True
