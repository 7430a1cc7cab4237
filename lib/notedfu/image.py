"""The container: an MCUboot image, read as a stream.

    header 32 | filler | payload | protected TLVs 0x6908 | TLVs 0x6907

The SHA-256 (TLV 0x10) covers all but the last area; the signature is over that SHA-256. From the last area
only digest, key hash and signature are taken, and nothing else is tolerated there. Layout and numbers:
MCUboot docs/design.md and imgtool. SPEC.md draws the bytes.
"""

import struct

from notedfu.const import const
from notedfu.errors import ImageError
from notedfu.keys import KEY_LIMIT, KEY_SIZES

HEADER_SIZE = 32
TAIL_LIMIT = 2048  # bytes of both TLV areas together, at most

KEY_HASH = 0x01
SHA256 = 0x10
ECDSA_P256 = 0x22
ED25519 = 0x24
DEPENDENCY = 0x40
COUNTER = 0x50
VENDOR = 0x74
CLASS = 0x75
MARKER = 0xA0  # "firmware::info:{...}" and a NUL, for Notehub
KIND = 0xA1  # what the payload is, ASCII
UNPACKED = 0xA2  # u32 bytes, u16 files
KEYS = 0xA3  # trusted from now on: u8 kind and the raw key, repeated

_MAGIC = const(0x96F3B83D)
_NON_BOOTABLE = const(0x10)
_LONGEST = const(0x3FFFFFFF)  # what a small int holds on 32 bits
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


class Arrived:
    """What the verdict needs of an image that was hashed from flash; its buffers are given back."""

    def __init__(self, image):
        self.header = image.header
        self.tlvs = image.tlvs
        self.digest = image.digest


class Nowhere:
    """A sink for who needs no payload, only the verdict."""

    def feed(self, buf, start, end):
        """Take buf[start:end], and forget it."""


class Image:
    """A container as a stream stage; the payload goes on to sink.feed, uncopied.

    sha256: the constructor of the running SHA-256 (update, digest). Allocates TAIL_LIMIT bytes here; feed()
    allocates a view of buf where the digest begins or ends inside it, and nothing else after the header.
    """

    def __init__(self, sink, sha256):
        self._sink = sink
        self._sha256 = sha256
        self.head = bytearray(HEADER_SIZE)  # as it was fed
        self._tail = bytearray(TAIL_LIMIT)

    def begin(self, length):
        """Be ready for an image of `length` bytes, 0 if that is not known."""
        self._length = length
        self._sha = self._sha256()
        self.position = 0  # bytes taken so far
        self.header = None
        self.tlvs = None
        self.digest = None  # the SHA-256 of what was fed, after finish()

    def feed(self, buf, start, end):
        """Take buf[start:end]; ImageError as soon as it can't be an image any more."""
        first = self.position
        self.position += end - start
        shift = start - first  # where the image's byte 0 would lie in buf
        if first < HEADER_SIZE:
            stop = min(self.position, HEADER_SIZE)
            self.head[first:stop] = memoryview(buf)[start : stop + shift]
            if stop < HEADER_SIZE:
                self._hash(buf, start, end)
                return
            self.header = parse_header(self.head)
            if self._length:
                tail_size(self.header, self._length)
        header = self.header
        if first < header.covered:
            self._hash(buf, start, min(end, header.covered + shift))
        if first < header.tail and self.position > header.size:
            self._sink.feed(buf, max(start, header.size + shift), min(end, header.tail + shift))
        if self.position > header.tail:
            self._keep_tail(buf, max(start, header.tail + shift), end)

    def finish(self):
        """Judge the container's end and its digest.

        ImageError `short-image`, `bad-digest`, and all that parse_tail() raises. Afterwards header, tlvs and
        digest are there.
        """
        if self.header is None or self.position <= self.header.covered or self.position < self._length:
            raise ImageError("short-image", "the image ends after %d bytes" % self.position)
        tlvs = parse_tail(self._tail, self.position - self.header.tail, self.header)
        self.digest = self._sha.digest()
        if self.digest != tlvs.digest:
            raise ImageError("bad-digest", "the image's SHA-256 is not the one it was made with")
        self.tlvs = tlvs

    def arrived(self):
        """What is known after finish(), without the buffers."""
        return Arrived(self)

    @property
    def protected(self):
        """The protected TLV area as it was fed, after finish(); empty if there is none. Allocates."""
        return bytes(self._tail[: self.header.protected_size])

    def _hash(self, buf, start, end):
        if start == 0 and end == len(buf):
            self._sha.update(buf)
        elif start < end:
            self._sha.update(memoryview(buf)[start:end])

    def _keep_tail(self, buf, start, end):
        have = self.position - self.header.tail
        limit = self._length - self.header.tail if self._length else TAIL_LIMIT
        if have > limit:
            raise ImageError("bad-length", "the image goes on after %d bytes" % (self.header.tail + limit))
        self._tail[have - (end - start) : have] = memoryview(buf)[start:end]
