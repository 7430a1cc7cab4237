"""What lies on flash and what may run, worked out from docs/SPEC.md, without the code under test."""

import os
import struct
from binascii import crc32

IDLE, STAGING, PENDING, TRIAL = 0, 1, 2, 3
_SIZE = 209
_LIES = "lies"


class Record:
    """One valid copy of the journal."""

    def __init__(self, data):
        (
            self.sequence,
            self.state,
            self.active,
            self.swap_left,
            self.trial_left,
            _,
            self.unclean,
            self.running,
        ) = struct.unpack_from("<IBBBBBBB", data, 4)
        self.counter, self.length = struct.unpack_from("<II", data, 16)
        self.identity = data[28:60]
        self.outcome = data[60]
        self.lasting = data[8:10] + data[15:201]  # what a boot with nothing to do leaves as it is


class Slot:
    """A valid slot."""

    def __init__(self, data, marks):
        self.identity = data[8:40]
        self.version = struct.unpack_from("<BBHI", data, 60)
        self.confirmed = data[-4:] in marks
        self.counter = 0
        at, end = 78, 74 + struct.unpack_from("<H", data, 72)[0]
        while at + 4 <= end:
            kind, size = struct.unpack_from("<HH", data, at)
            if kind == 0x50:
                self.counter = struct.unpack_from("<I", data, at + 4)[0]
            at += 4 + size


class Look:
    """The mounted board's journal and slots: `record` (None if both copies are bad), `slots` {1: , 2: }.

    region: the block device that stages, or None where a file does.
    """

    def __init__(self, root, region=None):
        self._root = root
        self.files = tree(root)  # all files of the board, {path: bytes}
        self.copies = [self._copy("notedfu.d/journal/%d/record" % copy) for copy in (0, 1, 2)]
        self.record = None
        for copy in self.copies:
            if copy and (not self.record or (copy.sequence - self.record.sequence) & 0x80000000 == 0):
                self.record = copy
        self.slots = {1: self._slot("notedfu.d/a"), 2: self._slot("notedfu.d/b")}
        self.lying = []  # slots whose manifest is right and whose files have the right sizes and wrong bytes
        for number in (1, 2):
            if self.slots[number] == _LIES:
                self.slots[number] = None
                self.lying.append(number)
        self.staged = None  # what is staged of a pending image
        if self.record and self.record.state == PENDING:
            staged = self._staged() if region is None else _raw(region, self.record.length)
            self.staged = staged[: self.record.length]

    def _read(self, name):
        """A file; b"" if it is not there. What FAT can't list of a torn folder may still open."""
        data = self.files.get(name)
        return _read(self._root + "/" + name) if data is None else data

    def _staged(self):
        """The staged file; on FAT it has an edge of 4096 bytes."""
        return self._read("notedfu.d/staging.img") or self._read("notedfu.d/journal/s/image")[4096:]

    def _copy(self, name):
        # FAT: what is behind the record may be torn off
        return _record(self._read(name) or _read(self._root + "/" + name, _SIZE))

    def _slot(self, path):
        data = self._read(path + ".manifest")
        if len(data) < 80 or data[:4] != b"NDM1" or struct.unpack_from("<I", data, 4)[0] != len(data):
            return None
        if _crc(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
            return None
        lies = False
        at = 76 + struct.unpack_from("<H", data, 72)[0]
        while at < len(data) - 4:
            end = at + 1 + data[at]
            name = data[at + 1 : end].decode()
            size, crc = struct.unpack_from("<II", data, end)
            content = self._read(path + "/" + name)
            if len(content) != size:
                return None
            lies = lies or _crc(content) != crc
            at = end + 8
        if lies:
            return _LIES
        return Slot(data, self._marks(path))

    def _marks(self, path):
        """What may be the slot's mark: the file beside it or, on FAT, its part of each copy of the marks."""
        at = 4 * (path[-1] == "b")
        copies = [self._read("notedfu.d/journal/m%d/record" % copy)[at : at + 4] for copy in (0, 1)]
        beside = self.files.get(path + ".confirmed")
        return copies if beside is None else [beside]

    def other(self):
        """The slot beside the active one that may run instead, or 0."""
        for number in (1, 2):
            slot = self.slots[number]
            if (
                number != self.record.active
                and slot
                and slot.confirmed
                and slot.counter >= self.record.counter
            ):
                return number
        return 0

    def fate(self, failing_runs):
        """What this boot must come to: ("swap", 0), ("run", slot) or ("recover", slot)."""
        record = self.record
        if record is None:
            best = [
                ((slot.counter, slot.version), number)
                for number, slot in self.slots.items()
                if slot and slot.confirmed
            ]
            return ("run", max(best)[1]) if best else ("recover", 0)
        if record.state == PENDING and record.swap_left:
            return ("swap", 0)
        active = record.active
        if record.state == TRIAL:
            if record.trial_left and self.slots.get(active):
                return ("run", active)
            active = self.other()
            return ("run", active) if active else ("recover", 0)
        if self.slots.get(active):
            failing = record.unclean + record.running >= failing_runs
            return ("recover" if failing else "run", active)
        active = self.other()
        return ("run", active) if active else ("recover", 0)


_crcs = {}  # of contents that were seen before: most are, in case after case
_CRCS = 64


def _crc(data):
    known = _crcs.get(data)
    if known is None:
        if len(_crcs) >= _CRCS:
            _crcs.clear()
        known = _crcs[data] = crc32(data)
    return known


def _read(path, size=-1):
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError:
        return b""


def _raw(region, length):
    data = bytearray(length)
    size, view = region.ioctl(5, 0), memoryview(data)
    for at in range(0, length, size):
        region.readblocks(at // size, view[at : at + size])
    return bytes(data)


def _record(data):
    data = data[:_SIZE]
    if len(data) < _SIZE or data[:4] != b"NDJ1":
        return None
    return Record(data) if _crc(data[:-4]) == struct.unpack_from("<I", data, _SIZE - 4)[0] else None


def tree(folder, below=""):
    """All files in a folder, {path: bytes}; what can't be read as a folder (FAT, torn) is one "?"."""
    found = {}
    try:
        entries = list(os.ilistdir(folder))
    except (OSError, UnicodeError):
        return {below + "?": b""}
    for entry in entries:
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            found.update(tree(path, below + entry[0] + "/"))
        else:
            found[below + entry[0]] = _read(path)
    return found
