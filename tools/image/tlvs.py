"""The contents of the four TLVs that notedfu adds to an MCUboot image. docs/SPEC.md draws them."""

import json
import struct

from notedfu.keys import KEY_ED25519, KEY_P256, KEY_SIZES

PREFIX = b"firmware::info:"
ALGORITHMS = {"p256": KEY_P256, "ed25519": KEY_ED25519}

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
        listed += bytes([ALGORITHMS[algorithm]]) + bytes.fromhex(digits)
    return listed


def read_trusted(data):
    """The settings strings in a key list; None if it is damaged."""
    names = {number: name for name, number in ALGORITHMS.items()}
    keys, at = [], 0
    while at < len(data):
        end = at + 1 + KEY_SIZES.get(data[at], len(data))
        if end > len(data):
            return None
        keys.append(names[data[at]] + ":" + data[at + 1 : end].hex())
        at = end
    return keys
