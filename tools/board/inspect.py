"""Reads a flash file after the board has stopped, never by the code under test."""

import io
import json
import subprocess
import zlib
from dataclasses import asdict, dataclass

from tools import paths
from tools.board.geometry import Geometry


@dataclass(frozen=True)
class File:
    """One file of the board's filesystem."""

    data: bytes

    @property
    def size(self):
        return len(self.data)

    @property
    def crc32(self):
        return zlib.crc32(self.data)


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
        command = [paths.MICROPYTHON, "-X", "heapsize=4M", reader, str(paths.ROOT), json.dumps(config)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        stream, files = io.BytesIO(done.stdout), {}
        while True:
            try:
                record = json.loads(stream.readline())
            except ValueError:
                text = done.stderr + done.stdout[-500:]
                raise ValueError("%s: %s" % (self._path, text.decode("utf-8", "replace"))) from None
            if "end" in record:
                return files
            if "path" in record:
                files[record["path"]] = File(stream.read(record["size"]))

    def region(self, offset=0, length=None):
        """Bytes of the raw staging region, from `offset` in it; all of it without `length`."""
        with open(self._path, "rb") as file:
            file.seek(self._geometry.filesystem + offset)
            return file.read(self._geometry.staging - offset if length is None else length)

    def region_crc32(self, length):
        """The crc32 of the region's first `length` bytes."""
        return zlib.crc32(self.region(0, length))
