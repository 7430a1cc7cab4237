"""Reads a flash file after the board has stopped: not by the code under test, and no large file whole."""

import json
import subprocess
import zlib
from dataclasses import asdict, dataclass

from tools import paths
from tools.board.geometry import Geometry

_PIECE = 1 << 16
_KEPT = 1 << 20  # bytes; of a larger file only size and crc32 are kept


@dataclass(frozen=True)
class File:
    """One file of the board's filesystem. data: its bytes, or None where it is larger than 1 MiB."""

    size: int
    crc32: int
    data: bytes


def _summed(stream, size):
    """A File of the next `size` bytes of `stream`."""
    crc, left, kept = 0, size, []
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            raise ValueError("the reader stopped %d bytes early" % left)
        crc = zlib.crc32(piece, crc)
        left -= len(piece)
        if size <= _KEPT:
            kept.append(piece)
    return File(size, crc, b"".join(kept) if size <= _KEPT else None)


class FlashImage:
    """What is in a flash file. ValueError from files() when its filesystem can't be mounted."""

    def __init__(self, flash_file, geometry=None):
        self._path = flash_file
        self._geometry = geometry or Geometry()

    def files(self):
        """{absolute path: File} of the filesystem, mounted read-only in a MicroPython process of its own."""
        g = self._geometry
        config = dict(asdict(g), flash=str(self._path), size=g.size, fs_blocks=g.fs_blocks)
        reader = str(paths.ROOT / "tools" / "board" / "device" / "reader.py")
        command = [paths.MICROPYTHON, "-X", "heapsize=4M", reader, str(paths.ROOT)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as reader:
            # no argument: MicroPython makes names of them, and none is longer than 255 bytes
            reader.stdin.write(json.dumps(config).encode() + b"\n")
            reader.stdin.close()
            return self._take(reader.stdout)

    def _take(self, stream):
        files = {}
        while True:
            line = stream.readline()
            try:
                record = json.loads(line)
            except ValueError:
                text = line + stream.read(2000)
                raise ValueError("%s: %s" % (self._path, text.decode("utf-8", "replace"))) from None
            if "end" in record:
                return files
            if "path" in record:
                files[record["path"]] = _summed(stream, record["size"])

    def region(self, offset=0, length=None):
        """Bytes of the raw staging region, from `offset` in it; all of it without `length`."""
        with open(self._path, "rb") as file:
            file.seek(self._geometry.filesystem + offset)
            return file.read(self._geometry.staging - offset if length is None else length)

    def region_crc32(self, length):
        """The crc32 of the region's first `length` bytes."""
        crc = 0
        for at in range(0, length, _PIECE):
            crc = zlib.crc32(self.region(at, min(_PIECE, length - at)), crc)
        return crc
