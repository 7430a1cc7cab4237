"""An image's TLVs, taken apart.

From the last area only digest, key hash and signature are taken, and nothing else is tolerated there.
"""

import struct

from notedfu.const import const
from notedfu.container import Tlvs
from notedfu.errors import ImageError
from notedfu.keys import ECDSA_P256, ED25519, KEYS, parse_keys

KEY_HASH = 0x01
SHA256 = 0x10
DEPENDENCY = 0x40
COUNTER = 0x50
VENDOR = 0x74
CLASS = 0x75
MARKER = 0xA0  # "firmware::info:{...}" and a NUL, for Notehub
KIND = 0xA1  # what the payload is, ASCII
UNPACKED = 0xA2  # u32 bytes, u16 files

_PROTECTED_AREA = const(0x6908)
_AREA = const(0x6907)

_PROTECTED_SIZES = {DEPENDENCY: 12, COUNTER: 4, VENDOR: 16, CLASS: 16, UNPACKED: 6}
_SIZES = {KEY_HASH: 32, SHA256: 32, ED25519: 64}
_DER_SIZES = (8, 72)  # an ECDSA P-256 signature, from shortest to longest

# Kinds of image that MCUboot has and this library refuses.
_REFUSED = {
    0x11: "sha384",
    0x12: "sha512",
    0x20: "rsa",
    0x23: "rsa",
    0x25: "pure",
    0x30: "encrypted",
    0x31: "encrypted",
    0x32: "encrypted",
    0x33: "encrypted",
    0x34: "encrypted",
}


def parse_tail(buf, n, header):
    """Return the Tlvs in buf[:n], which is all of the image behind its payload. Strict; keeps nothing of buf.

    ImageError: `bad-area` (bounds), `trailing-bytes`, `bad-tlv` (its length or content), `unknown-tlv`,
    `duplicate-tlv`, `no-digest`, `half-signed`, `two-signatures`, and `sha384`, `sha512`, `rsa`, `pure`,
    `encrypted` for kinds of image that are not taken.
    """
    tlvs = Tlvs()
    seen = set()
    at = 0
    if header.protected_size:
        at = _area(buf, 0, n, _PROTECTED_AREA)
        if at != header.protected_size:
            raise ImageError("bad-area", "%d protected bytes, header says %d" % (at, header.protected_size))
        _walk(buf, 4, at, seen, _take_protected, tlvs)
    end = _area(buf, at, n, _AREA)
    if end != n:
        raise ImageError("trailing-bytes", "%d bytes behind the TLVs" % (n - end))
    _walk(buf, at + 4, end, seen, _take, tlvs)
    if tlvs.digest is None:
        raise ImageError("no-digest", "no SHA-256 in the image")
    if (tlvs.key_hash is None) != (tlvs.signature is None):
        raise ImageError("half-signed", "key hash without signature, or the reverse")
    return tlvs


def _area(buf, at, n, magic):
    """Check a TLV area's own header at `at`; return the area's end."""
    if n - at < 4:
        raise ImageError("bad-area", "TLVs end after %d bytes" % n)
    found, total = struct.unpack_from("<HH", buf, at)
    if found != magic:
        raise ImageError("bad-area", "TLVs begin with 0x%04x, not 0x%04x" % (found, magic))
    if not 4 <= total <= n - at:
        raise ImageError("bad-area", "TLVs of %d bytes where %d are left" % (total, n - at))
    return at + total


def _walk(buf, at, end, seen, take, tlvs):
    """Give each TLV of buf[at:end] to take(tlvs, type, value).

    A kind of image that is not taken is told at the end, so that `--pure` is not called SHA-512.
    """
    refused = None
    while at < end:
        if end - at < 4:
            raise ImageError("bad-area", "%d bytes are no TLV" % (end - at))
        kind, size = struct.unpack_from("<HH", buf, at)
        at += 4
        if size > end - at:
            raise ImageError("bad-area", "TLV 0x%x of %d bytes where %d are left" % (kind, size, end - at))
        if size == 0:
            raise ImageError("bad-tlv", "TLV 0x%x is empty" % kind)
        if kind in seen and kind != DEPENDENCY:
            raise ImageError("duplicate-tlv", "TLV 0x%x twice" % kind)
        seen.add(kind)
        refused = _REFUSED.get(kind, refused)
        if refused is None:
            take(tlvs, kind, bytes(buf[at : at + size]))
        at += size
    if refused is not None:
        raise ImageError(refused, "images of this kind are not taken")


def _bad_size(kind, size):
    return ImageError("bad-tlv", "TLV 0x%x of %d bytes" % (kind, size))


def _take(tlvs, kind, value):
    size = len(value)
    if kind == ECDSA_P256:
        if not _DER_SIZES[0] <= size <= _DER_SIZES[1]:
            raise _bad_size(kind, size)
    elif kind not in _SIZES:
        raise ImageError("unknown-tlv", "TLV 0x%x outside the protected area" % kind)
    elif size != _SIZES[kind]:
        raise _bad_size(kind, size)
    if kind == SHA256:
        tlvs.digest = value
    elif kind == KEY_HASH:
        tlvs.key_hash = value
    elif tlvs.signature is not None:
        raise ImageError("two-signatures", "the image has two signatures")
    else:
        tlvs.signature_type = kind
        tlvs.signature = value


def _take_protected(tlvs, kind, value):
    if kind in _SIZES or kind == ECDSA_P256:
        raise ImageError("bad-tlv", "TLV 0x%x in the protected area" % kind)
    if len(value) != _PROTECTED_SIZES.get(kind, len(value)):
        raise _bad_size(kind, len(value))
    if kind == DEPENDENCY:
        number, *version = struct.unpack("<B3xBBHI", value)
        tlvs.dependencies.append((number, tuple(version)))
    elif kind == COUNTER:
        tlvs.counter = struct.unpack("<I", value)[0]
    elif kind == VENDOR:
        tlvs.vendor = value
    elif kind == CLASS:
        tlvs.class_id = value
    elif kind == MARKER:
        tlvs.marker = value
    elif kind == KIND:
        tlvs.kind = value
    elif kind == UNPACKED:
        tlvs.unpacked_size, tlvs.file_count = struct.unpack("<IH", value)
    elif kind == KEYS:
        tlvs.keys = parse_keys(value)
