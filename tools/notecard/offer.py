"""An image as Notehub offers it: where its bytes are, its sums, and the `body` that dfu.status shows.

No image is ever held whole: sources are read piece by piece, by offset.
"""

import hashlib
import json
import time
from binascii import crc32, hexlify
from collections import OrderedDict

_PIECE = 4096
_MARKER = b"firmware::info:"
_MARKER_LIMIT = 2048  # bytes of the marker's JSON, at most


def md5_hex(data):
    """The md5 of `data`, 32 hex digits."""
    return hexlify(hashlib.md5(data).digest()).decode()


class FileSource:
    """An image in a file, opened once and read by offset."""

    def __init__(self, path):
        self._file = open(path, "rb")
        self.length = self._file.seek(0, 2)
        self.name = path.replace("\\", "/").split("/")[-1]

    def read(self, offset, length):
        self._file.seek(offset)
        return self._file.read(length)

    def close(self):
        self._file.close()


class BytesSource:
    """An image in memory, for tests."""

    name = "image.img"

    def __init__(self, data):
        self._data = data
        self.length = len(data)

    def read(self, offset, length):
        return bytes(self._data[offset : offset + length])


class CorruptSource:
    """Another source with one bit of one byte flipped."""

    def __init__(self, source, at):
        self._source = source
        self._at = at
        self.length = source.length

    def read(self, offset, length):
        data = self._source.read(offset, length)
        at = self._at - offset
        if 0 <= at < len(data):
            data = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
        return data


def source_of(source):
    """A source from a path, bytes, or an object with `length` and `read(offset, length)`."""
    if isinstance(source, str):
        return FileSource(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return BytesSource(source)
    return source


class Offer:
    """One image that Notehub has for this device. Reads the whole source once, for its sums.

    source: see source_of. name: the uploaded file's name. version: text typed at the upload; the marker's
    otherwise. created: epoch seconds.
    """

    def __init__(self, source, name, notes="", info=None, version=None, created=1735689600):
        self.source = source_of(source)
        self.length = self.source.length
        self.file = name or getattr(self.source, "name", "image.img")
        self.notes = notes
        self.info = info or {}
        self.created = created
        self.name = stored_name(self.file, created)
        marker = self._scan()
        self.version = version or marker.get("version")

    def _scan(self):
        """Make the sums, and find the firmware::info marker; returns its object or {}."""
        md5, crc, marker = hashlib.md5(), 0, _Marker()
        offset = 0
        while offset < self.length:
            piece = self.source.read(offset, _PIECE)
            if not piece:
                raise ValueError("the image ends at %d, not at %d" % (offset, self.length))
            md5.update(piece)
            crc = crc32(piece, crc)
            marker.feed(piece)
            offset += len(piece)
        self.md5 = hexlify(md5.digest()).decode()
        self.crc32 = crc & 0xFFFFFFFF
        return marker.found

    def body(self):
        """The body of dfu.status, with the members of the API page's example and `version` if it is known."""
        body = OrderedDict()
        body["crc32"] = self.crc32
        body["created"] = self.created
        body["info"] = self.info
        body["length"] = self.length
        body["md5"] = self.md5
        body["modified"] = self.created
        body["name"] = self.name
        body["notes"] = self.notes
        body["source"] = self.file
        body["type"] = "firmware"
        if self.version:
            body["version"] = self.version
        return body


class _Marker:
    """Looks for `firmware::info:{...}` NUL in a stream; the first one counts (note-cli binpack.go)."""

    def __init__(self):
        self.found = {}
        self._tail = b""
        self._over = False

    def feed(self, piece):
        if self._over:
            return
        text = self._tail + piece
        start = text.find(_MARKER)
        if start < 0:
            self._tail = text[1 - len(_MARKER) :]
            return
        text = text[start:]
        end = text.find(b"\0")
        if end < 0 and len(text) < _MARKER_LIMIT:
            self._tail = text
            return
        self._over = True
        if end > 0:
            try:
                self.found = json.loads(text[len(_MARKER) : end].decode())
            except ValueError:
                self.found = {}


def stored_name(file, created):
    """The name that Notehub stores a file under: stem, $, UTC time stamp, extension."""
    stamp = "%04d%02d%02d%02d%02d%02d" % tuple(time.gmtime(created)[:6])
    dot = file.rfind(".")
    if dot < 0:
        dot = len(file)
    return file[:dot] + "$" + stamp + file[dot:]
