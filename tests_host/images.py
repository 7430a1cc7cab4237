"""Makes containers byte by byte, without the library and without imgtool; the common subset only."""

import hashlib
import struct

TYPES = {
    "key_hash": 0x01,
    "sha256": 0x10,
    "ecdsa": 0x22,
    "ed25519": 0x24,
    "dependency": 0x40,
    "counter": 0x50,
    "vendor": 0x74,
    "class": 0x75,
    "marker": 0xA0,
    "kind": 0xA1,
    "unpacked": 0xA2,
    "keys": 0xA3,
}


def tlv(kind, value):
    return struct.pack("<HH", TYPES.get(kind, kind), len(value)) + value


def area(magic, tlvs):
    """A TLV area of (type, value) pairs; nothing for a protected area without any."""
    body = b"".join([tlv(kind, value) for kind, value in tlvs])
    if magic == 0x6908 and not body:
        return b""
    return struct.pack("<HH", magic, len(body) + 4) + body


def header(payload_size, protected_size, version=(1, 2, 3, 4), size=32, flags=0):
    fields = (0x96F3B83D, 0, size, protected_size, payload_size, flags) + version + (0,)
    return struct.pack("<IIHHIIBBHII", *fields)


def covered(payload, protected=(), version=(1, 2, 3, 4), size=32, flags=0):
    """All that the digest covers: header, filler, payload, protected TLVs."""
    tlvs = area(0x6908, protected)
    head = header(len(payload), len(tlvs), version, size, flags)
    return head + bytes(size - 32) + payload + tlvs


def digest(region):
    return hashlib.sha256(region).digest()


def unsigned(payload, protected=(), version=(1, 2, 3, 4), size=32, flags=0):
    """A whole image without a signature."""
    region = covered(payload, protected, version, size, flags)
    return region + area(0x6907, [("sha256", digest(region))])


def made(payload, protected, version, key=None):
    """A whole image, signed if `key` is one of signer.py's."""
    region = covered(payload, protected, version)
    claimed = digest(region)
    return region + area(0x6907, key.tlvs(claimed) if key else [("sha256", claimed)])


def marker(version=(1, 2, 3, 4), more=""):
    """What Notehub looks for, with the NUL that ends it."""
    text = '{"org":"o","product":"p","version":"%d.%d.%d",' % version[:3]
    text += '"ver_major":%d,"ver_minor":%d,"ver_patch":%d,"ver_build":%d%s}' % (version + (more,))
    return b"firmware::info:" + text.encode() + b"\0"


def usual(version=(1, 2, 3, 4), unpacked=(3, 1), kind=b"slots"):
    """The protected TLVs that every app image has."""
    return [
        ("marker", marker(version)),
        ("kind", kind),
        ("unpacked", struct.pack("<IH", *unpacked)),
    ]


def digest_of(image):
    """The SHA-256 of all of an image but its last TLV area, which is its identity."""
    protected, size = struct.unpack_from("<HI", image, 10)
    return digest(image[: 32 + size + protected])
