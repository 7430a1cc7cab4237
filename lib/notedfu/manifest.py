"""What a slot's manifest says; glance.py reads it."""

import struct

from notedfu.const import const

HEADER_SIZE = 32

_COUNTER = const(0x50)
_MARKER = const(0xA0)


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
        """The firmware::info marker, as marker.info() takes it, or None."""
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
