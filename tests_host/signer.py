"""Signing keys for tests, on every interpreter; their secrets are in the open, and their nonces are poor.

Points are multiplied by the library's own arithmetic, which the public vectors vouch for (test_vectors.py).
"""

import hashlib
from binascii import hexlify

from notedfu import ed25519, p256
from notedfu.curves import inverse
from notedfu.keys import KEY_ED25519, KEY_P256
from notedfu.sha512 import sha512

_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_L = (1 << 252) + 27742317777372353535851937790883648493
_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
# what comes before the raw key in its SubjectPublicKeyInfo (RFC 8410, RFC 5480)
_DER = {
    KEY_ED25519: bytes.fromhex("302a300506032b6570032100"),
    KEY_P256: bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
}


class Key:
    """`text` is the public key as settings have it, `listed` as an image's key list has it."""

    def __init__(self, kind, raw):
        self.text = ("p256:" if kind == KEY_P256 else "ed25519:") + hexlify(raw).decode()
        self.listed = bytes((kind,)) + raw
        self._hash = hashlib.sha256(_DER[kind] + raw).digest()

    def tlvs(self, digest):
        """The unprotected TLVs of an image with this digest, signed."""
        return [("sha256", digest), ("key_hash", self._hash), self.signature(digest)]


class P256(Key):
    def __init__(self, seed):
        self._d = _number(hashlib.sha256(seed).digest())
        super().__init__(KEY_P256, b"".join([one.to_bytes(32, "big") for one in _times(self._d)]))

    def signature(self, digest):
        k = _number(hashlib.sha256(self._d.to_bytes(32, "big") + digest).digest())
        r = _times(k)[0] % _N
        s = inverse(k, _N) * (int.from_bytes(digest, "big") + r * self._d) % _N
        body = _integer(r) + _integer(s)
        return "ecdsa", b"\x30" + bytes((len(body),)) + body


class Ed25519(Key):
    def __init__(self, seed):
        secret = sha512(hashlib.sha256(seed).digest())
        a = int.from_bytes(secret[:32], "little")
        self._a = ((a & ((1 << 254) - 8)) | 1 << 254) % _L
        self._prefix = secret[32:]
        self._raw = _times_base(self._a)
        super().__init__(KEY_ED25519, self._raw)

    def signature(self, digest):
        nonce = int.from_bytes(sha512(self._prefix + digest), "little") % _L
        r = _times_base(nonce)
        h = int.from_bytes(sha512(r + self._raw + digest), "little") % _L
        return "ed25519", r + ((nonce + h * self._a) % _L).to_bytes(32, "little")


def _nothing():
    pass


def _number(digest):
    return int.from_bytes(digest, "big") % (_N - 1) + 1


def _times(k):
    """k*G as (x, y)."""
    x, y, z = 1, 1, 0
    for bit in range(255, -1, -1):
        if z:
            x, y, z = p256._double(x, y, z)
        if k >> bit & 1:
            x, y, z = p256._add(x, y, z, p256._G[0], p256._G[1])
    i = inverse(z, _P)
    return x * i * i % _P, y * i * i * i % _P


def _times_base(k):
    return ed25519._combine(k, 0, ed25519._BASE, _nothing)


def _integer(n):
    raw = n.to_bytes(33, "big").lstrip(b"\0")
    if raw[0] & 0x80:
        raw = b"\0" + raw
    return b"\x02" + bytes((len(raw),)) + raw
