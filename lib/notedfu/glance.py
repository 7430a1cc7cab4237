"""What every boot reads of settings, boot record and manifest: enough to see that there is nothing to do.

docs/SPEC.md draws the bytes. rules.py, journal.py and slots.py know all of them, and use what is here.
"""

import json
import os
import struct

try:
    from binascii import crc32
except ImportError:  # SAMD21, nRF52832
    from notedfu.bootcrc import by_table as crc32

STAGING = 1  # the last state in which the installed app runs as ever
UNBLOCKED = 8  # a flag: the setting `unblock` has done its work
RECORD_SIZE = 209
RECORD_MAGIC = b"NDJ1"

FOLDERS = ("/?", "/a", "/b")  # of slot A, 1, and B, 2, below the updater's own
MANIFEST_MAGIC = b"NDM1"
PREFIX = "<4sI32s32sH"  # magic, length of all, identity, header, size of the protected TLVs
FILE = "<II"  # size, crc32, behind the name


def quick(path):
    """(app, watchdog_s, page) of the settings in `path`, all that a boot with nothing to do takes of them.

    None where it takes more than that: the updater is switched off or may be by a pin, the list of failures
    is to be cleared, slots have firmwares of their own, or what is there must be judged by rules.py. All
    other keys are judged when the app first calls the updater.
    """
    try:
        with open(path) as file:
            found = json.load(file)
    except OSError:
        found = {}
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    app, watchdog_s, page = found.get("app", "app"), found.get("watchdog_s", 120), found.get("page", 4096)
    if found.get("off") or found.get("unblock") or found.get("off_pin", -1) != -1:
        return None
    if found.get("target", "slots") != "slots":
        return None
    if not isinstance(app, str) or type(watchdog_s) is not int or not 0 <= watchdog_s <= 86400:
        return None
    if type(page) is not int or not 256 <= page <= 8192:
        return None
    return app, watchdog_s, page


def valid(record):
    """Whether these are the bytes of a whole record."""
    return (
        len(record) == RECORD_SIZE
        and record[:4] == RECORD_MAGIC
        and struct.unpack_from("<I", record, RECORD_SIZE - 4)[0] == crc32(record[:-4])
    )


def follows(sequence, other):
    """Whether the record with the number `sequence` is the later one: the number wraps."""
    return (sequence - other) & 0x80000000 == 0


def settled(folder):
    """The active slot if the journal in `folder` asks for nothing: to run the confirmed app; else 0.

    Both copies are there and valid, and no run has ended uncleanly or is marked. A copy longer than a record
    says that this is FAT (journalfiles.py), where a boot reads more than sizes. Raises OSError.
    """
    latest = None
    for copy in (0, 1):
        with open("%s/%d/record" % (folder, copy), "rb") as file:
            record = file.read(RECORD_SIZE + 1)
        if not valid(record):
            return 0
        # magic, sequence, state, active, swaps, trial runs, clean, unclean, running, flags
        fields = struct.unpack_from("<4sIBBBBBBBB", record)
        if latest is None or follows(fields[1], latest[1]):
            latest = fields
    _, _, state, active, _, _, _, unclean, running, flags = latest
    return 0 if state > STAGING or unclean or running or flags & UNBLOCKED else active


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
    """Return (identity, header, protected TLVs, crc) of the manifest in `file`: each as bytes.

    None if it is damaged or check(path, size, crc) says no to a file. Paths begin with `folder`. Allocates a
    few hundred bytes for each file listed, for the collector.
    """
    reader = Reader(file)
    try:
        magic, length, identity, header, size = struct.unpack(PREFIX, reader.take(74))
        if magic != MANIFEST_MAGIC or size > 2048:
            return None
        protected = reader.take(size)
        for _ in range(min(struct.unpack("<H", reader.take(2))[0], 512)):
            name, size, crc = reader.take_file()
            if not check(folder + "/" + name, size, crc):
                return None
        crc = struct.pack("<I", reader.crc)
        if reader.take(4) != crc or reader.position != length:
            return None
    except (EOFError, OSError, ValueError):
        return None
    return identity, header, protected, crc


def has_size(path, size, _):
    """Whether there is a file of `size` bytes at `path`. OSError."""
    status = os.stat(path)
    return status[6] == size and not status[0] & 0x4000  # S_IFDIR


def mark(folder):
    """The crc of the manifest that the confirmed mark of the slot in `folder` is for; b"" without one."""
    try:
        with open(folder + ".confirmed", "rb") as file:
            return file.read(4)
    except OSError:
        return b""


def confirmed(folder):
    """Whether the slot in `folder` is valid and its app has proved itself. OSError."""
    with open(folder + ".manifest", "rb") as file:
        found = read(file, folder, has_size)
    return found is not None and found[3] == mark(folder)
