"""Signing keys: made, kept private, and written as the settings of a device want them."""

import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from tools.failure import Failure

_P256 = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)  # RFC 6979: the same bytes each time


def _outside_repository(path):
    """Raises Failure if `path` is in a git work tree, where keys get pushed by mistake; build/ may be."""
    target = path.resolve()
    for folder in target.parents:
        if (folder / ".git").exists() and (folder / "build") not in target.parents:
            raise Failure("%s is in the git work tree %s: keep private keys elsewhere" % (path, folder))


def generate(path, algorithm):
    """Makes a private key of "p256" or "ed25519" in a new file that only its owner can read."""
    path = Path(path)
    _outside_repository(path)
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "p256"
        else ed25519.Ed25519PrivateKey.generate()
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Failure("%s is there already, and a key is never overwritten" % path) from None
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(pem)
    except BaseException:
        path.unlink()  # half a key would never be overwritten
        raise
    return key


def _usable(key, path):
    if isinstance(key, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)):
        return key
    if isinstance(getattr(key, "curve", None), ec.SECP256R1):
        return key
    raise Failure("%s holds a key of another kind: devices verify P-256 and Ed25519" % path)


def private(path):
    """The private key in a PEM file."""
    try:
        return _usable(serialization.load_pem_private_key(Path(path).read_bytes(), password=None), path)
    except OSError as error:
        raise Failure("can't read the key %s: %s" % (path, error.strerror)) from None
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Failure("%s is no private key that can be used (%s)" % (path, error)) from None


def _from_settings(text):
    algorithm, _, digits = text.partition(":")
    try:
        raw = bytes.fromhex(digits)
        if algorithm == "p256":
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + raw)
        return ed25519.Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise Failure("%s... is no public key (%s)" % (text[:24], error)) from None


def public(source):
    """A public key from a settings string, or from a PEM file of a public or private key."""
    if str(source).startswith(("p256:", "ed25519:")):
        return _from_settings(str(source))
    try:
        pem = Path(source).read_bytes()
    except OSError as error:
        raise Failure("can't read the key %s: %s" % (source, error.strerror)) from None
    if b"PRIVATE" in pem:
        return private(source).public_key()
    try:
        return _usable(serialization.load_pem_public_key(pem), source)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Failure("%s is no public key that can be used (%s)" % (source, error)) from None


def _der(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pem(key):
    """A public key as imgtool reads it."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def algorithm(key):
    """ "p256" or "ed25519"."""
    return "p256" if hasattr(key, "curve") else "ed25519"


def settings_text(key):
    """A public key as notedfu.json has it: its raw bytes are the tail of the DER form."""
    raw = _der(key)[-64 if algorithm(key) == "p256" else -32 :]
    return algorithm(key) + ":" + raw.hex()


def key_hash(key):
    """What the image's KEYHASH says of this public key."""
    return hashlib.sha256(_der(key)).digest()


def sign(key, digest):
    """The signature of a private key over an image's 32-byte digest. The same each time."""
    return key.sign(digest, _P256) if algorithm(key) == "p256" else key.sign(digest)


def der_signature(key, signature):
    """A signature from elsewhere as the image holds it: r and s of 32 bytes each become DER for P-256."""
    if algorithm(key) == "p256" and len(signature) == 64 and signature[:1] != b"\x30":
        return encode_dss_signature(
            int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        )
    return signature


def verifies(key, signature, digest):
    """Whether the public key made this signature over this digest."""
    try:
        if algorithm(key) == "p256":
            key.verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        else:
            key.verify(signature, digest)
    except InvalidSignature:
        return False
    return True
