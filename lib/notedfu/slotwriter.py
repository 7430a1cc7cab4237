"""Filling a slot: files as they come, the manifest last. What Untar writes to.

Order on flash: the old manifest goes first, then the old files, then the new files come, and the new manifest
is written when all of them have been read back. So a cut at any point leaves a slot that is invalid or whole.
"""

import os
import struct

from notedfu import glance, marks
from notedfu.errors import LocalError
from notedfu.glance import crc32
from notedfu.slotfiles import Sums, empty

_PREFIX = "<4sI32s32sH"  # magic, length of all, identity, header, size of the protected TLVs
_ENOSPC = 28


class SlotWriter:
    """Writes an app into `slot`, one that does not run.

    No file is ever in RAM: data goes on as it comes, and what was written is kept in a list beside the slot
    until it becomes the manifest. Every method raises LocalError `no-room` or `slot-fault`.
    """

    def __init__(self, slots, slot, clock):
        self._slots = slots
        self._slot = slot
        self._clock = clock
        self._path = slots.path(slot)
        self._file = None
        self._list = None

    def begin(self):
        """Empty the slot. It is invalid from here to seal()."""
        self._close_all()
        self._try(self._empty)

    def folder(self, path):
        """Make a folder; the one it lies in is there."""
        self._try(os.mkdir, self._path + "/" + path)

    def open(self, path, size):
        """Begin a file of `size` bytes."""
        self._name = path
        self._size = size
        self._crc = 0
        self._file = self._try(open, self._path + "/" + path, "wb")

    def feed(self, buf, start, end):
        """Write buf[start:end] to the open file. Allocates two views."""
        view = memoryview(buf)[start:end]
        self._crc = crc32(view, self._crc)
        self._try(self._file.write, view)
        self._clock.tick()

    def close(self):
        """The open file is complete."""
        file, self._file = self._file, None
        self._try(file.close)
        self._try(self._list.write, _entry(self._name, self._size, self._crc))
        self._count += 1

    def seal(self, header, protected, identity):
        """Read all files back, and make the slot valid, not confirmed.

        header: the image's first 32 bytes; protected: its protected TLV area, or b""; identity: 32 bytes.
        """
        self._try(self._list.close)
        self._list = None
        self._try(self._seal, header, protected, identity)

    def abandon(self):
        """Close what is open after a fault; the slot stays invalid."""
        self._close_all()

    def _empty(self):
        empty(self._path)
        os.mkdir(self._path)
        self._count = 0
        self._list = open(self._path + ".list", "wb")

    def _seal(self, header, protected, identity):
        marks.clear(self._slots, self._slot)
        with open(self._path + ".list", "rb") as file:
            # 2: the count of files; 4: the crc32
            total = struct.calcsize(_PREFIX) + len(protected) + 2 + file.seek(0, 2) + 4
            file.seek(0)
            prefix = struct.pack(_PREFIX, b"NDM1", total, identity, bytes(header), len(protected))
            with open(self._path + ".manifest", "wb") as out:
                self._write(file, out, prefix + protected)
        os.remove(self._path + ".list")
        if self._slots.load(self._slot) is None:
            raise LocalError("slot-fault", "the manifest does not read back")

    def _write(self, listed, out, front):
        front += struct.pack("<H", self._count)
        out.write(front)
        crc = crc32(front)
        sums = Sums(self._clock)
        for _ in range(self._count):
            name, size, sum32 = glance.entry(listed.read)
            if not sums.agree(self._path + "/" + name, size, sum32):
                raise LocalError("slot-fault", "%s does not read back as it was written" % name)
            entry = _entry(name, size, sum32)
            out.write(entry)
            crc = crc32(entry, crc)
        out.write(struct.pack("<I", crc))

    def _close_all(self):
        for file in (self._file, self._list):
            if file is not None:
                self._try(file.close)
        self._file = self._list = None

    def _try(self, function, *args):
        """function(*args), with the filesystem's errors as LocalError."""
        try:
            return function(*args)
        except OSError as error:
            if error.args and error.args[0] == _ENOSPC:
                raise LocalError("no-room", "the filesystem is full; the app does not fit") from None
            raise LocalError("slot-fault", "slot %s: %s" % (self._path, error)) from None


def _entry(name, size, crc):
    """What the manifest says of one file, as bytes."""
    raw = name.encode()
    return bytes((len(raw),)) + raw + struct.pack("<II", size, crc)
