"""Reads an MCUboot image on the computer: where things lie, and sums over the file, piece by piece.

The device's own reader is lib/notedfu/image.py. This one is lenient, since it has to explain broken images.
"""

import binascii
import hashlib
import os
import struct
from collections import namedtuple

from tools.failure import Failure

MAGIC = 0x96F3B83D
_HEADER = struct.Struct("<IIHHIIBBHII")
_PROTECTED, _UNPROTECTED = 0x6908, 0x6907
_PIECE = 65536
_TLV_LIMIT = 8192  # a sane image's areas are a few hundred bytes

Container = namedtuple(
    "Container", "path size header_size payload_size flags version protected plain covered header"
)


def _area(file, at, magic):
    """The TLVs of one area as (type, data), and the offset behind it."""
    file.seek(at)
    head = file.read(4)
    found, total = struct.unpack("<HH", head) if len(head) == 4 else (0, 0)
    if found != magic or not 4 <= total <= _TLV_LIMIT:
        raise Failure("there is no TLV area at offset %d: the image is cut or damaged" % at)
    data = file.read(total - 4)
    tlvs, here = [], 0
    while here + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, here)
        tlvs.append((kind, data[here + 4 : here + 4 + length]))
        here += 4 + length
    if len(data) != total - 4 or here != len(data):
        raise Failure("the TLV area at offset %d does not add up: the image is cut or damaged" % at)
    return tlvs, at + total


def read(path):
    """The Container in the file `path`. Raises Failure if there is none."""
    with open(path, "rb") as file:
        raw = file.read(_HEADER.size)
        if len(raw) < _HEADER.size or _HEADER.unpack(raw)[0] != MAGIC:
            raise Failure("%s is no MCUboot image: it does not begin with the magic number" % path)
        _, _, header_size, protected_size, payload_size, flags, *numbers, _ = _HEADER.unpack(raw)
        at = header_size + payload_size
        protected, covered = [], at
        if protected_size:
            protected, covered = _area(file, at, _PROTECTED)
            if covered - at != protected_size:
                raise Failure("the header and the protected TLV area differ about its size")
        plain, end = _area(file, covered, _UNPROTECTED)
    if end != size(path):
        raise Failure("%d bytes follow the image in %s" % (size(path) - end, path))
    return Container(
        path, end, header_size, payload_size, flags, tuple(numbers), protected, plain, covered, raw
    )


def first(tlvs, kind):
    """The data of the first TLV of this type, or None."""
    for found, data in tlvs:
        if found == kind:
            return data
    return None


def pieces(path, start, end):
    """The bytes start..end of a file, a piece at a time."""
    with open(path, "rb") as file:
        file.seek(start)
        while start < end:
            piece = file.read(min(_PIECE, end - start))
            if not piece:
                return
            start += len(piece)
            yield piece


def size(path):
    """The size of a file in bytes."""
    return os.path.getsize(path)


def digest(container):
    """The SHA-256 of what a signature covers: header, payload and protected TLVs."""
    total = hashlib.sha256()
    for piece in pieces(container.path, 0, container.covered):
        total.update(piece)
    return total.digest()


def sums(path):
    """crc32 (a number) and md5 (hex) of the whole file, as Notehub shows them."""
    crc, md5 = 0, hashlib.md5(usedforsecurity=False)
    for piece in pieces(path, 0, size(path)):
        crc = binascii.crc32(piece, crc)
        md5.update(piece)
    return crc, md5.hexdigest()
