"""Public keys and product ids, as settings and images spell them."""

from notedfu.errors import ImageError, SettingsError

KEY_P256 = 1
KEY_ED25519 = 2
KEY_SIZES = {KEY_P256: 64, KEY_ED25519: 32}  # of raw keys: X and Y; RFC 8032's encoding
KEY_LIMIT = 4  # trusted keys, at most

# TLVs of an image
ECDSA_P256 = 0x22  # a signature by a key of KEY_P256
ED25519 = 0x24  # and of KEY_ED25519
KEYS = 0xA3  # trusted from now on: u8 kind and the raw key, repeated

_KINDS = {"p256": KEY_P256, "ed25519": KEY_ED25519}


def parse_key(text):
    """Return the key in "p256:<128 hex digits, X and Y>" or "ed25519:<64 hex digits>"; else SettingsError."""
    kind, _, digits = text.partition(":")
    if kind not in _KINDS:
        raise SettingsError("bad-key", "a key begins with p256: or ed25519:, not %s" % kind[:16])
    number = _KINDS[kind]
    return number, _unhex("bad-key", digits, KEY_SIZES[number])


def parse_uuid(text):
    """Return the 16 bytes of a UUID of 32 hex digits, dashes or not; else SettingsError `bad-uuid`."""
    return _unhex("bad-uuid", text.replace("-", ""), 16)


def parse_keys(value):
    """Return the (kind, raw key) pairs of a key list; ImageError `bad-tlv`."""
    keys = []
    at = 0
    while at < len(value):
        kind = value[at]
        raw = value[at + 1 : at + 1 + KEY_SIZES.get(kind, 0)]
        if not raw or len(raw) != KEY_SIZES[kind] or len(keys) == KEY_LIMIT:
            raise ImageError("bad-tlv", "key list: key %d is unknown, cut off or too many" % len(keys))
        keys.append((kind, raw))
        at += 1 + len(raw)
    return keys


def check(texts, class_id):
    """Raise SettingsError unless the settings' keys and class id can be read; the text names which can't."""
    if len(texts) > KEY_LIMIT:
        raise SettingsError("bad-key", "keys: there are %d, at most %d count" % (len(texts), KEY_LIMIT))
    name = "class_id"
    try:
        if class_id:
            parse_uuid(class_id)
        for at in range(len(texts)):
            name = "keys, number %d" % (at + 1)
            parse_key(texts[at])
    except SettingsError as error:
        raise SettingsError(error.code, "%s: %s" % (name, error.text)) from None


def _unhex(code, digits, size):
    from binascii import unhexlify

    try:
        raw = unhexlify(digits)
    except ValueError:
        raise SettingsError(code, "not in hex digits") from None
    if len(raw) != size:
        raise SettingsError(code, "%d hex digits, %d needed" % (len(digits), 2 * size))
    return raw
