"""The apps of the proof: their files, their images, and which is which."""

import struct

import images
import tars

FIRST, SECOND, THIRD = "1.0.0", "2.0.0", "3.0.0"
VERSIONS = (FIRST, SECOND, THIRD)

_SOURCE = (
    "import world\n\n\n"  # which world.py puts into sys.modules
    "def main(dfu):\n    return world.started(__file__, '%s', dfu)\n"
)


class App:
    """A version of the app: files, image, identity, counter. extra: bytes of a file beside the code."""

    def __init__(self, version, extra=0):
        self.version = version
        self.counter = int(version[0])
        self.numbers = tuple([int(part) for part in version.split(".")]) + (0,)
        self.files = {
            "app.py": (_SOURCE % version).encode(),
            "data/notes.txt": b"notes of " + version.encode(),
        }
        if extra:
            step = self.counter * 37
            self.files["table.bin"] = bytes([(at * at + at // 256 * step) & 0xFF for at in range(extra)])
        unpacked = (sum([len(self.files[name]) for name in self.files]), len(self.files))
        protected = images.usual(self.numbers, unpacked)
        protected.append(("counter", struct.pack("<I", self.counter)))
        self.image = images.unsigned(tars.of_files(self.files), protected, version=self.numbers)
        self.identity = images.digest_of(self.image)
        size = struct.unpack_from("<H", self.image, 10)[0]
        self.tail = tail = 32 + struct.unpack_from("<I", self.image, 12)[0]
        self.header = self.image[:32]
        self.protected = self.image[tail : tail + size]


def catalogue(extra=0):
    """All versions by name."""
    return {version: App(version, extra) for version in VERSIONS}
