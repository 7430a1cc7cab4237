"""The module `hashlib`: new() is all there is, for two kinds, and no MD5."""

import hashlib as _real


def new(name, data=b""):
    if name not in ("sha1", "sha256"):
        raise ValueError("Unsupported hash algorithm")
    return getattr(_real, name)(data)
