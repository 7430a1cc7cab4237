"""The container: an MCUboot image. Its header, and what is known of it.

    header 32 | filler | payload | protected TLVs 0x6908 | TLVs 0x6907

The SHA-256 (TLV 0x10) covers all but the last area; the signature is over that SHA-256. Layout and numbers:
MCUboot docs/design.md and imgtool. SPEC.md draws the bytes. tlvs.py takes the TLVs apart, and its code is
given back before the verdict: what it leaves is of the classes here.
"""

import struct

from notedfu.const import const
from notedfu.errors import ImageError

HEADER_SIZE = 32
TAIL_LIMIT = 2048  # bytes of both TLV areas together, at most

_MAGIC = const(0x96F3B83D)
_NON_BOOTABLE = const(0x10)
_LONGEST = const(0x3FFFFFFF)  # what a small int holds on 32 bits


class Header:
    """The 32 bytes an image begins with; all sizes in bytes."""

    def __init__(self, size, protected_size, payload_size, flags, version):
        self.size = size  # header and filler: where the payload begins
        self.protected_size = protected_size
        self.payload_size = payload_size
        self.flags = flags
        self.version = version  # (major, minor, revision, build)
        self.tail = size + payload_size  # where the TLVs begin
        self.covered = self.tail + protected_size  # how many bytes the digest covers


class Tlvs:
    """What the TLVs say; None or empty where there is none."""

    def __init__(self):
        self.digest = None  # the SHA-256 it claims: the image's identity, once verified
        self.key_hash = None
        self.signature_type = None  # ECDSA_P256 or ED25519
        self.signature = None
        self.counter = 0
        self.vendor = None
        self.class_id = None
        self.dependencies = []  # of (image number, version)
        self.marker = None
        self.kind = None
        self.unpacked_size = None  # bytes in all files
        self.file_count = None
        self.keys = []  # of (kind, raw key)


class Contents:
    """An image after its header and TLVs have been read.

    length: bytes. identity: what it claims to be; `digest`, what its bytes have been found to be, or None.
    """

    def __init__(self, header, tlvs, length, digest=None):
        self.header = header
        self.tlvs = tlvs
        self.length = length
        self.identity = tlvs.digest
        self.digest = digest


def parse_header(buf):
    """Return the Header in the first 32 bytes of buf; ImageError `bad-magic`, `bad-flags`, `bad-sizes`."""
    fields = struct.unpack_from("<IIHHIIBBHI", buf, 0)
    magic, _, size, protected_size, payload_size, flags = fields[:6]
    if magic != _MAGIC:
        raise ImageError("bad-magic", "no MCUboot image: it begins with 0x%08x" % magic)
    if flags & ~_NON_BOOTABLE:
        raise ImageError("bad-flags", "flags 0x%x: compressed, encrypted or fixed in place" % flags)
    if size < HEADER_SIZE:
        raise ImageError("bad-sizes", "header of %d bytes, at least 32 needed" % size)
    if not 0 < payload_size < _LONGEST - size - TAIL_LIMIT:
        raise ImageError("bad-sizes", "payload of %d bytes" % payload_size)
    if protected_size > TAIL_LIMIT:
        raise ImageError("bad-sizes", "protected TLVs of %d bytes, at most %d" % (protected_size, TAIL_LIMIT))
    return Header(size, protected_size, payload_size, flags, fields[6:])


def tail_size(header, length):
    """How many bytes of an image of `length` bytes are TLVs; ImageError `bad-length` if that can't be."""
    size = length - header.tail
    if not header.protected_size < size <= TAIL_LIMIT:
        raise ImageError("bad-length", "image of %d bytes, of which TLVs %d" % (length, size))
    return size
