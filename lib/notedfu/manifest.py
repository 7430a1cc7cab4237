"""The manifest: the file that makes a slot valid. docs/SPEC.md draws its bytes."""

import struct

from notedfu.bootcrc import crc32

MAGIC = b"NDM1"
PREFIX = "<4sI32s32sH"  # magic, length of all, identity, header, size of the protected TLVs
FILE = "<II"  # size, crc32, behind the name
HEADER_SIZE = 32
PROTECTED_LIMIT = 2048  # bytes
FILE_LIMIT = 512

_COUNTER = 0x50
_MARKER = 0xA0


class Manifest:
    """What a valid slot says of itself.

    identity: the image's SHA-256. header, protected: as in the image. version: (major, minor, revision,
    build). counter: the security counter. rank: orders slots by counter, then version. crc: the manifest's
    own, 4 bytes. confirmed: whether the app has proved itself.
    """

    def __init__(self, identity, header, protected, crc):
        self.identity = identity
        self.header = header
        self.protected = protected
        self.crc = crc
        self.version = struct.unpack_from("<BBHI", header, 20)
        counter = self.tlv(_COUNTER)
        self.counter = struct.unpack("<I", counter)[0] if counter else 0
        self.rank = (self.counter, self.version)
        self.confirmed = False

    @property
    def marker(self):
        """The firmware::info marker, as verdict.info() takes it, or None."""
        return self.tlv(_MARKER)

    def tlv(self, wanted):
        """The value of the first protected TLV of the type `wanted`, as bytes, or None."""
        at = 4
        while at + 4 <= len(self.protected):
            kind, size = struct.unpack_from("<HH", self.protected, at)
            at += 4
            if kind == wanted:
                return self.protected[at : at + size]
            at += size
        return None


def entry(name, size, crc):
    """What the manifest says of one file, as bytes."""
    raw = name.encode()
    return bytes((len(raw),)) + raw + struct.pack(FILE, size, crc)


class Reader:
    """A file's bytes with the crc32 of those taken so far; EOFError where they end early."""

    def __init__(self, file):
        self._file = file
        self.crc = 0
        self.position = 0

    def take(self, count):
        """The next `count` bytes."""
        data = self._file.read(count)
        if len(data) != count:
            raise EOFError
        self.crc = crc32(data, self.crc)
        self.position += count
        return data

    def take_file(self):
        """The next entry of a list of files: (name, size in bytes, crc32)."""
        name = self.take(self.take(1)[0]).decode()
        size, crc = struct.unpack(FILE, self.take(8))
        return name, size, crc


def read(file, folder, check):
    """Return the Manifest in `file`, or None if it is damaged or check(path, size, crc) says no to a file.

    Paths begin with `folder`. Allocates a few hundred bytes for each file listed, for the collector.
    """
    reader = Reader(file)
    try:
        magic, length, identity, header, size = struct.unpack(PREFIX, reader.take(struct.calcsize(PREFIX)))
        if magic != MAGIC or size > PROTECTED_LIMIT:
            return None
        protected = reader.take(size)
        for _ in range(min(struct.unpack("<H", reader.take(2))[0], FILE_LIMIT)):
            name, size, crc = reader.take_file()
            if not check(folder + "/" + name, size, crc):
                return None
        crc = struct.pack("<I", reader.crc)
        if reader.take(4) != crc or reader.position != length:
            return None
    except (EOFError, OSError, ValueError):
        return None
    return Manifest(identity, header, protected, crc)
