"""What the flash file says after the board has stopped: by docs/SPEC.md, not by the code under test."""

import struct
import zlib

from tools.board.device.esp32 import ota_layout
from tools.board.inspect import FlashImage

_DATA = "/notedfu.d"
_RECORD = "<4sI8B"  # magic, sequence, and eight bytes that have these names
_NAMES = ("state", "active", "swap_left", "trial_left", "clean_runs", "unclean", "running", "flags")
_STATES = ("idle", "staging", "pending", "trial")
_RECORD_SIZE = 209
_HEAD = 8192
_EDGE = 4096  # bytes before the image in its file on FAT


class Contents:
    """A board's files, and its staging."""

    def __init__(self, world):
        self._image = FlashImage(world.flash_file, world.geometry)
        self._staging = world.settings["staging"]
        self._world = world
        self._files = self._image.files()

    def record(self):
        """The journal's small fields, of the valid copy with the higher sequence number; else {}."""
        best = {}
        for copy in "012":
            file = self._files.get("%s/journal/%s/record" % (_DATA, copy))
            record = file.data[:_RECORD_SIZE] if file else b""
            if len(record) < _RECORD_SIZE or record[:4] != b"NDJ1":
                continue
            if zlib.crc32(record[:-4]) != struct.unpack("<I", record[-4:])[0]:
                continue
            _, sequence, *values = struct.unpack_from(_RECORD, record)
            if not best or sequence > best["sequence"]:
                best = dict(zip(_NAMES, values), sequence=sequence)
                best["state"] = _STATES[best["state"]]
        return best

    def active(self):
        """The active slot's letter, or None."""
        number = self.record().get("active")
        return "?ab"[number] if number else None

    def app(self):
        """The version of the active slot's app, if each file is as its manifest says; else a word why."""
        slot = self.active()
        if slot is None:
            return "none"
        manifest = self._files.get("%s/%s.manifest" % (_DATA, slot))
        data = manifest.data if manifest else b""
        if data[:4] != b"NDM1" or zlib.crc32(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
            return "damaged manifest"
        major, minor, revision = struct.unpack_from("<BBH", data, 40 + 20)
        at = 74 + struct.unpack_from("<H", data, 72)[0]
        count = struct.unpack_from("<H", data, at)[0]
        at += 2
        for _ in range(count):
            end = at + 1 + data[at]
            name = data[at + 1 : end].decode()
            size, crc = struct.unpack_from("<II", data, end)
            at = end + 8
            file = self._files.get("%s/%s/%s" % (_DATA, slot, name))
            if file is None or (file.size, file.crc32) != (size, crc):
                return "damaged " + name
        return "%d.%d.%d" % (major, minor, revision)

    def staged_crc32(self, length):
        """The crc32 of the `length` staged bytes, or None where the file has another length."""
        file = self._files.get(_DATA + "/staging.img")
        on_fat = self._files.get(_DATA + "/journal/s/image")
        if on_fat:
            return zlib.crc32(on_fat.data[_EDGE : _EDGE + length])
        if self._staging == "flash" and self._world.kind.firmware:
            return self._staged_in_slot(file, length)
        if self._staging == "flash":
            return self._image.region_crc32(length)
        return file.crc32 if file and file.size == length else None

    def _staged_in_slot(self, file, length):
        """Header and first page lie in a file, the rest in the second OTA slot behind its first page."""
        if file is None or file.size != _HEAD:
            return None
        geometry = self._world.geometry
        blocks = geometry.size // geometry.erase_block
        first = ota_layout(blocks, geometry.fs_blocks)[1][1][0]
        at = (first - geometry.fs_blocks + 1) * geometry.erase_block
        return zlib.crc32(self._image.region(at, length - _HEAD), file.crc32)
