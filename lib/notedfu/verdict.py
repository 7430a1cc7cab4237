"""The judgement: may this image be installed on this device?

Asked twice: at preflight, of bytes that nothing vouches for yet (it only filters), and again of the bytes in
flash once their digest is verified.
"""

from notedfu.errors import ImageError
from notedfu.forget import forget as drop
from notedfu.keys import ECDSA_P256, ED25519, KEY_ED25519, KEY_P256

_SIGNATURES = {KEY_P256: ECDSA_P256, KEY_ED25519: ED25519}

# A public key's DER (SubjectPublicKeyInfo, RFC 5480 and RFC 8410) is one of these and the raw key.
_SPKI = {
    KEY_P256: b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
    b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04",
    KEY_ED25519: b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
}


class Policy:
    """What this device demands of an image. The strictest by default: nothing is taken."""

    def __init__(self):
        self.keys = ()  # trusted, (KEY_P256 or KEY_ED25519, raw key) each
        self.allow_unsigned = False  # without effect where there is a key
        self.vendor = None  # 16 bytes that TLV 0x74 must hold, or None: any
        self.class_id = None  # 16 bytes that TLV 0x75 must hold, or None: any
        self.counter = 0  # the lowest security counter that is taken
        self.running = None  # (major, minor, revision, build) of the app that runs, if one does
        self.kinds = (b"slots",)  # of payload


class Signatures:
    """How a signature is checked. sha256: the constructor; tick: called at most 250 ms apart."""

    def __init__(self, sha256, tick):
        self._sha256 = sha256
        self._tick = tick

    def find(self, keys, key_hash):
        """Return the one of `keys` whose SHA-256 (of its DER form) is key_hash, or None."""
        for key in keys:
            kind, raw = key
            if self._sha256(_SPKI[kind] + raw).digest() == key_hash:
                return key
        return None

    def good(self, key, digest, signature):
        """True if `signature` over the 32 bytes of `digest` is by `key`. forget() gives its memory back."""
        kind, raw = key
        if kind == KEY_P256:
            from notedfu import p256 as scheme
        else:
            from notedfu import ed25519 as scheme
        return scheme.verify(raw, digest, signature, self._tick)


def forget():
    """Let the collector have the signature code; the next good() loads it again."""
    drop("p256", "ed25519", "sha512", "curves")


def judge(header, tlvs, policy, signatures):
    """Return True if a trusted key signed the image, False if it is taken unsigned; else ImageError.

    Its codes, in the order of the checks: `unsigned`, `foreign-key`, `bad-signature`, `foreign`, `downgrade`,
    `dependency`, `bad-kind`, `bad-marker`. The signature is checked over the digest that the image claims.
    """
    signed = _judge_signature(tlvs, policy, signatures)
    if tlvs.keys and not signed:
        raise ImageError("unsigned", "it brings a list of trusted keys, and no signature that counts here")
    _judge_product(tlvs, policy)
    if tlvs.counter < policy.counter:
        raise ImageError("downgrade", "security counter %d, less than %d" % (tlvs.counter, policy.counter))
    _judge_dependencies(tlvs, policy)
    if tlvs.kind not in policy.kinds:
        raise ImageError("bad-kind", "payload kind %r, not %r" % (tlvs.kind, policy.kinds))
    from notedfu.marker import check_marker

    check_marker(header, tlvs)
    return signed


def _judge_signature(tlvs, policy, signatures):
    if not policy.keys and policy.allow_unsigned:
        return False
    if tlvs.signature is None:
        raise ImageError("unsigned", "no signature; sign the image with a key of this device")
    key = signatures.find(policy.keys, tlvs.key_hash)
    if key is None:
        raise ImageError("foreign-key", "signed by none of the %d keys of this device" % len(policy.keys))
    if tlvs.signature_type != _SIGNATURES[key[0]]:
        raise ImageError("bad-signature", "signature and key are of two kinds")
    if not signatures.good(key, tlvs.digest, tlvs.signature):
        raise ImageError("bad-signature", "not signed by the key it names")
    return True


def _judge_product(tlvs, policy):
    if policy.vendor is not None and tlvs.vendor != policy.vendor:
        raise ImageError("foreign", "made for another vendor, or for none")
    if policy.class_id is not None and tlvs.class_id != policy.class_id:
        raise ImageError("foreign", "made for another product, or for none")


def _judge_dependencies(tlvs, policy):
    for number, version in tlvs.dependencies:
        if number != 0:
            raise ImageError("dependency", "needs image %d, there is only image 0" % number)
        if policy.running is None or policy.running < version:
            raise ImageError("dependency", "needs %d.%d.%d+%d to run" % version)
