"""Images made by imgtool itself, with every option it has, and what is left of them after an attack.

Each verdict is asked on MicroPython and on CPython, as a device comes to it: container, digest, judgement.
"""

import base64
import hashlib
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from imgtool.main import imgtool

from host.verdict_cases import on_cpython, on_micropython
from images import area

PAYLOAD = b"\x1f\x8b" + b"an app, more or less. " * 40
BASE = ["sign", "-v", "1.2.3+4", "-H", "32", "--pad-header", "-S", "0", "--custom-tlv", "0xA1", "slots"]
KINDS = ("ecdsa-p256", "ed25519", "ecdsa-p384", "rsa-2048", "rsa-3072", "x25519")
PRODUCT = "5c1ce2d0b8dc5a5b9a1b1fd0d2b8b0f3"


class Bench:
    """Keys, files and imgtool."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "payload.bin").write_bytes(PAYLOAD)
        (folder / "unpacked").write_bytes(struct.pack("<IH", len(PAYLOAD), 1))
        for kind in KINDS:
            self.imgtool("keygen", "-k", self.path(kind), "-t", kind)
            self.imgtool("getpub", "-k", self.path(kind), "-e", "pem", "-o", self.path(kind + "-pub"))

    def path(self, name):
        return str(self.folder / name)

    def imgtool(self, *arguments):
        done = CliRunner().invoke(imgtool, arguments)
        assert done.exit_code == 0, (arguments, done.output, done.exception)

    def make(self, *options, out="out.bin"):
        """The bytes of what `imgtool sign` makes with these options added; {name} is a file of ours."""
        options = [option.format_map(Names(self)) for option in options]
        unpacked = ["--custom-tlv-file", "0xA2", self.path("unpacked")]
        self.imgtool(*BASE, *unpacked, *options, self.path("payload.bin"), self.path(out))
        return Path(self.path(out)).read_bytes()

    def trusted(self, kind):
        """The key as settings name it."""
        public = load_pem_private_key(Path(self.path(kind)).read_bytes(), None).public_key()
        if kind == "ed25519":
            return "ed25519:" + public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        return "p256:" + public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:].hex()

    def case(self, image, **policy):
        keys = [self.trusted("ecdsa-p256"), self.trusted("ed25519")]
        return {"on": "image", "image": bytes(image).hex(), "keys": keys} | policy


class Names(dict):
    def __init__(self, bench):
        super().__init__()
        self.bench = bench

    def __missing__(self, name):
        return self.bench.path(name)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("imgtool"))


def check(names, cases, expected, path):
    for answers in (on_micropython(cases, path), on_cpython(cases)):
        assert dict(zip(names, answers)) == dict(zip(names, expected))


P256 = "-k {ecdsa-p256} "
ED = "-k {ed25519} "

# Options of `imgtool sign` beside BASE, and what a device with both our keys says.
OPTIONS = {
    P256: "signed",
    ED: "signed",
    "-k {rsa-2048}": "rsa",
    "-k {rsa-3072}": "rsa",
    "-k {ecdsa-p384}": "sha384",
    "": "unsigned",
    "--sha auto": "unsigned",
    "--sha 256": "unsigned",
    "--sha 384": "sha384",
    "--sha 512": "sha512",
    P256 + "--sha 256": "signed",
    ED + "--sha 256": "signed",
    ED + "--sha 512": "sha512",
    ED + "--pure": "pure",
    ED + "-e big": "bad-magic",
    ED + "-e little": "signed",
    ED + "--align 1": "signed",
    ED + "--align 8 --max-align 8": "signed",
    ED + "--align 32 --max-align 32": "signed",
    ED + "-s 7": "signed",
    ED + "-s auto": "signed",
    ED + "-d (0,1.0.0+0)": "signed",
    ED + "-d (0,1.2.3+3)": "signed",
    ED + "-d (0,9.0.0+0)": "dependency",
    ED + "-d (1,1.0.0+0)": "dependency",
    ED + "-H 64": "signed",
    ED + "-H 4096": "signed",
    ED + "-H 65535": "signed",
    ED + "-S 0x20000": "signed",
    ED + "-S 0x20000 --pad": "bad-length",
    ED + "-S 0x20000 --test": "bad-length",
    ED + "-S 0x20000 --confirm": "bad-length",
    ED + "-S 0x20000 --pad -M 64": "bad-length",
    ED + "-S 0x20000 --pad --overwrite-only": "bad-length",
    ED + "-S 0x20000 --pad --save-enctlv": "bad-length",
    ED + "-S 0x800 --pad -M 1 -R 0xff": "trailing-bytes",
    ED + "-R 0xff": "signed",
    ED + "--boot-record app": "signed",
    ED + "-E {rsa-2048-pub}": "bad-flags",
    ED + "-E {ecdsa-p256-pub}": "bad-flags",
    ED + "-E {x25519-pub}": "bad-flags",
    ED + "-E {x25519-pub} --hmac-sha 512": "bad-flags",
    ED + "-E {ecdsa-p256-pub} --encrypt-keylen 256": "bad-flags",
    ED + "-E {ecdsa-p256-pub} --clear": "bad-flags",
    ED + "-F 0x10000": "bad-flags",
    ED + "-L 0x10000": "bad-flags",
    ED + "--public-key-format hash": "signed",
    ED + "--public-key-format full": "unknown-tlv",
    P256 + "--public-key-format full": "unknown-tlv",
    ED + "--compression disabled": "signed",
    ED + "--compression lzma2": "bad-flags",
    ED + "--compression lzma2armthumb": "bad-flags",
    ED + "--non-bootable": "signed",
    ED + "--custom-tlv 0xBEEF text": "signed",
    ED + "--custom-tlv-file 0xFFFE {unpacked}": "signed",
    ED + "--custom-tlv 0xA0 firmware::info:{{}}": "bad-marker",
    ED + "--sig-out {signature}": "signed",
    ED + "--vector-to-sign payload": "bad-length",
    ED + "--vector-to-sign digest": "bad-magic",
    ED + "-v 1.2": "signed",
    ED + "--vid example.com --cid app": "signed",
}
ELSEWHERE = {"pad_sig", "fix_sig", "fix_sig_pubkey", "hex_addr"}  # tests of their own


def test_plain_imgtool_images_are_taken_or_refused_as_they_should_be(bench, tmp_path):
    cases = [bench.case(bench.make(*options.split()), running=[1, 2, 3, 3]) for options in OPTIONS]
    check(OPTIONS, cases, OPTIONS.values(), tmp_path / "cases")


def test_no_option_of_imgtool_is_forgotten():
    used = {word for options in OPTIONS for word in options.split()} | set(BASE)
    command = imgtool.commands["sign"]
    for option in command.params:
        if option.param_type_name == "option" and option.name not in ELSEWHERE | {"help"}:
            assert used & set(option.opts), option.opts


def test_a_padded_signature_is_taken_only_if_no_padding_was_needed(bench, tmp_path):
    seen, cases, expected = set(), [], []
    for _ in range(100):
        image = bench.make("-k", "{ecdsa-p256}", "--pad-sig")
        signature = image[-72:]
        padded = signature[1] != 70
        if padded not in seen:
            seen.add(padded)
            cases.append(bench.case(image))
            expected.append("bad-signature" if padded else "signed")
        if len(seen) == 2:
            break
    assert True in seen
    check(range(2), cases, expected, tmp_path / "cases")


def test_a_hex_file_is_no_image(bench, tmp_path):
    text = bench.make("-k", "{ed25519}", "-x", "0x1000", out="out.hex")
    check(["hex"], [bench.case(text)], ["bad-magic"], tmp_path / "cases")


def test_signatures_made_elsewhere_are_taken(bench, tmp_path):
    cases = []
    for kind in ("ecdsa-p256", "ed25519"):
        digest = bench.make("--vector-to-sign", "digest")
        key = load_pem_private_key(Path(bench.path(kind)).read_bytes(), None)
        if kind == "ed25519":
            signature = key.sign(digest)
        else:
            signature = key.sign(digest, ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True))
        Path(bench.path("fixed")).write_bytes(base64.b64encode(signature))
        image = bench.make("--fix-sig", "{fixed}", "--fix-sig-pubkey", "{%s-pub}" % kind)
        cases.append(bench.case(image))
    check((1, 2), cases, ["signed"] * 2, tmp_path / "cases")


def test_product_counter_and_keys_decide(bench, tmp_path):
    image = bench.make("-k", "{ed25519}", "-s", "7", "--vid", PRODUCT, "--cid", PRODUCT)
    plain = bench.make("-k", "{ed25519}")
    only_p256 = {"keys": [bench.trusted("ecdsa-p256")]}
    cases = {
        "as it should be": (bench.case(image, counter=7, **{"class": PRODUCT}), "signed"),
        "another product": (bench.case(image, **{"class": "00" * 16}), "foreign"),
        "no product": (bench.case(plain, **{"class": PRODUCT}), "foreign"),
        "an older counter": (bench.case(image, counter=8), "downgrade"),
        "no counter": (bench.case(plain, counter=1), "downgrade"),
        "a foreign key": (bench.case(image, **only_p256), "foreign-key"),
        "a foreign key, lax": (bench.case(image, allow_unsigned=True, **only_p256), "foreign-key"),
        "no key": (bench.case(image, keys=[]), "foreign-key"),
        "no key, lax": (bench.case(image, keys=[], allow_unsigned=True), "unsigned-taken"),
        "unsigned, lax": (bench.case(bench.make(), keys=[], allow_unsigned=True), "unsigned-taken"),
        "unsigned, lax, with a key": (bench.case(bench.make(), allow_unsigned=True), "unsigned"),
    }
    asked, expected = zip(*cases.values())
    check(cases, asked, expected, tmp_path / "cases")


class Parts:
    """A signed image taken apart, to be put together wrongly."""

    def __init__(self, image):
        size, protected, payload = struct.unpack_from("<HHI", image, 8)
        self.header = bytearray(image[:size])
        self.payload = image[size : size + payload]
        tail = size + payload
        self.protected = self._tlvs(image[tail : tail + protected])
        self.open = self._tlvs(image[tail + protected :])

    @staticmethod
    def _tlvs(data):
        tlvs, at = [], 4
        while at < len(data):
            kind, size = struct.unpack_from("<HH", data, at)
            tlvs.append((kind, data[at + 4 : at + 4 + size]))
            at += 4 + size
        return tlvs

    def build(self, **changed):
        """The image with changed parts, and with sizes and digest that fit them."""
        part = lambda name: changed.get(name, getattr(self, name))  # noqa: E731
        protected = area(0x6908, part("protected"))
        header = bytearray(part("header"))
        struct.pack_into("<HI", header, 10, len(protected), len(part("payload")))
        region = bytes(header) + part("payload") + protected
        digest = hashlib.sha256(region).digest()
        tlvs = [(kind, digest if kind == 0x10 else value) for kind, value in part("open")]
        return region + area(0x6907, tlvs)


def with_header(image, layout, at, *fields):
    """The image with these header fields and nothing else changed, digest included."""
    image = bytearray(image)
    struct.pack_into(layout, image, at, *fields)
    return image


def attacks_on_the_header(parts):
    """(name, image, code) where somebody without the key changed the header."""
    whole = parts.build()
    protected = len(area(0x6908, parts.protected))

    def flagged(flags):
        return parts.build(header=with_header(parts.header, "<I", 16, flags))

    yield "another version", parts.build(header=with_header(parts.header, "<B", 20, 9)), "bad-signature"
    yield "the flag for encrypted", flagged(0x04), "bad-flags"
    yield "the flag for not bootable", flagged(0x10), "bad-signature"
    yield "a payload of 4 GiB", with_header(whole, "<I", 12, 0xFFFFFFF0), "bad-sizes"
    yield "a header of 31 bytes", with_header(whole, "<H", 8, 31), "bad-sizes"
    filler = with_header(whole, "<HHI", 8, 33, protected, len(parts.payload) - 1)
    yield "the payload's first byte called filler", filler, "bad-digest"
    yield "protected TLVs called none", with_header(whole, "<H", 10, 0), "bad-area"
    yield "the magic of nothing", with_header(whole, "<I", 0, 0), "bad-magic"


def attacks_on_what_is_covered(parts):
    """(name, image, code) where payload or protected TLVs changed, and the digest with them."""
    build, protected = parts.build, parts.protected
    counter = (0x50, b"\xff\0\0\0")
    without = [tlv for tlv in protected if tlv[0] != 0x50]
    yield "a payload grown", build(payload=parts.payload + b"!"), "bad-signature"
    yield "a payload cut", build(payload=parts.payload[:-1]), "bad-signature"
    yield "a protected TLV added", build(protected=protected + [(0xBEEF, b"?")]), "bad-signature"
    yield "a protected TLV twice", build(protected=protected + [counter]), "duplicate-tlv"
    yield "a protected TLV emptied", build(protected=without + [(0x50, b"")]), "bad-tlv"
    yield "a protected TLV removed", build(protected=without), "bad-signature"
    yield "a protected TLV changed", build(protected=without + [counter]), "bad-signature"
    yield "protected TLVs in another order", build(protected=protected[::-1]), "bad-signature"
    yield "all protected TLVs removed", build(protected=[]), "bad-signature"
    yield "a counter moved out", build(protected=without, open=parts.open + [counter]), "unknown-tlv"
    yield "a counter inside and outside", build(open=parts.open + [counter]), "duplicate-tlv"
    inside = protected + parts.open[:1]
    yield "the digest moved in", build(protected=inside, open=parts.open[1:]), "bad-tlv"


def attacks_on_the_rest(parts):
    """(name, image, code) where the area that nothing covers changed, or what follows it."""
    digest, key_hash, signature = parts.open
    other = (0x22 if signature[0] == 0x24 else 0x24, bytes(64))

    def build(*tlvs):
        return parts.build(open=tlvs)

    yield "in another order", build(signature, digest, key_hash), "signed"
    yield "signature removed", build(digest, key_hash), "half-signed"
    yield "key hash removed", build(digest, signature), "half-signed"
    yield "both removed", build(digest), "unsigned"
    yield "digest removed", build(key_hash, signature), "no-digest"
    yield "digest twice", build(digest, *parts.open), "duplicate-tlv"
    yield "signature twice", build(*parts.open, signature), "duplicate-tlv"
    yield "key hash twice", build(*parts.open, key_hash), "duplicate-tlv"
    yield "two signatures", build(*parts.open, other), "two-signatures"
    yield "a signature of another kind", build(digest, key_hash, other), "bad-signature"
    yield "a signature of zeros", build(digest, key_hash, (signature[0], bytes(64))), "bad-signature"
    yield "an empty signature", build(digest, key_hash, (signature[0], b"")), "bad-tlv"
    yield "a digest of another kind", build((0x12, bytes(64)), key_hash, signature), "sha512"
    yield "a wrong key hash", build(digest, (0x01, bytes(32)), signature), "foreign-key"
    yield "an unknown TLV", build(*parts.open, (0xBEEF, b"?")), "unknown-tlv"
    yield "a tail of 3 KiB", build(*parts.open, (0x60, bytes(3000))), "bad-length"
    yield "a byte behind it", parts.build() + b"\0", "trailing-bytes"
    yield "another TLV area behind it", parts.build() + area(0x6907, [digest]), "trailing-bytes"
    yield "a second tail behind it", parts.build() + area(0x6907, parts.open), "trailing-bytes"


def attacks_by_a_stranger(parts):
    """(name, image, code) where somebody signs with a key of their own."""
    digest, key_hash, _ = parts.open
    stranger = ed25519.Ed25519PrivateKey.generate()
    public = stranger.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    mine = (0x24, stranger.sign(digest[1]))
    my_hash = (0x01, hashlib.sha256(public).digest())
    yield "in another's name", parts.build(open=[digest, key_hash, mine]), "bad-signature"
    yield "in their own name", parts.build(open=[digest, my_hash, mine]), "foreign-key"
    yield "with their key in it", parts.build(open=[digest, my_hash, mine, (0x02, public)]), "unknown-tlv"
    raw = b"\x02" + public[-32:]
    listed = parts.build(protected=parts.protected + [(0xA3, raw)], open=[digest, my_hash, mine])
    yield "with their key in its list", listed, "foreign-key"


def attacks(parts):
    yield "as it was", parts.build(), "signed"
    yield from attacks_on_the_header(parts)
    yield from attacks_on_what_is_covered(parts)
    yield from attacks_on_the_rest(parts)
    yield from attacks_by_a_stranger(parts)


@pytest.mark.parametrize("kind", ["ecdsa-p256", "ed25519"])
def test_a_signed_image_can_not_be_rearranged(bench, tmp_path, kind):
    parts = Parts(bench.make("-k", "{%s}" % kind, "-s", "7", "--vid", PRODUCT, "--cid", PRODUCT))
    names, images, expected = zip(*attacks(parts))
    assert len(set(names)) == len(names)
    check(names, [bench.case(image) for image in images], expected, tmp_path / "cases")


@pytest.mark.parametrize("kind", ["ecdsa-p256", "ed25519"])
def test_any_single_bit_flipped_is_refused(bench, tmp_path, kind):
    """All of them, on MicroPython; what lies in the signature alone costs a verification each."""
    Path(bench.path("payload.bin")).write_bytes(b"a small app")
    try:
        image = bench.make("-k", "{%s}" % kind)
    finally:
        Path(bench.path("payload.bin")).write_bytes(PAYLOAD)
    case = bench.case(image, on="flips", first=0, step=1)
    counts = on_micropython([case], tmp_path / "cases")[0]
    assert sum(counts.values()) == 8 * len(image)
    assert "signed" not in counts and "unsigned-taken" not in counts, counts
    assert counts["bad-signature"] >= 8 * 60
    assert counts["bad-digest"] >= 8 * (11 + 16)
    assert counts["foreign-key"] == 8 * 32
