"""What notedfu adds to an MCUboot image: four TLVs in the protected area. docs/SPEC.md draws them."""

import json
import struct

MARKER = 0xA0  # firmware::info:{...} and a NUL, which Notehub looks for in the uploaded file
KIND = 0xA1  # ASCII, how the payload is installed
UNPACKED = 0xA2  # u32 bytes, u16 files, little endian
TRUSTED = 0xA3  # {u8 algorithm, raw public key}, repeated: the keys that count from this image on

KINDS = ("slots", "esp32")
PREFIX = b"firmware::info:"
ALGORITHMS = {"p256": (1, 64), "ed25519": (2, 32)}  # number in TRUSTED, length of a raw public key

# The ten that dfu.status takes as a version, in the order of Blues' samples, and `firmware` among them.
KEYS = (
    "org product description firmware version built ver_major ver_minor ver_patch ver_build builder".split()
)


def marker(facts):
    """The marker's bytes from a dict; keys without a value are left out."""
    kept = {key: facts[key] for key in KEYS if facts.get(key) not in (None, "")}
    return PREFIX + json.dumps(kept, separators=(",", ":")).encode() + b"\0"


def read_marker(data):
    """The dict in a marker, or None if it is none that Notehub would find."""
    if not data.startswith(PREFIX) or data.find(b"\0") != len(data) - 1:
        return None
    try:
        return json.loads(data[len(PREFIX) : -1])
    except ValueError:
        return None


def unpacked(members):
    """The room that the payload takes once it is unpacked."""
    return struct.pack("<IH", sum(member.size for member in members), len(members))


def trusted(keys):
    """The key list from settings strings such as "p256:<128 hex digits>"."""
    listed = b""
    for key in keys:
        algorithm, digits = key.split(":")
        listed += bytes([ALGORITHMS[algorithm][0]]) + bytes.fromhex(digits)
    return listed


def read_trusted(data):
    """The settings strings in a key list; None if it is damaged."""
    names = {number: (name, length) for name, (number, length) in ALGORITHMS.items()}
    keys, at = [], 0
    while at < len(data):
        name, length = names.get(data[at], (None, 0))
        if name is None or at + 1 + length > len(data):
            return None
        keys.append(name + ":" + data[at + 1 : at + 1 + length].hex())
        at += 1 + length
    return keys
