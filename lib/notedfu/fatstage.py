"""Staging in a file on FAT: of its full length before the first byte comes.

A file that grows has the allocation table rewritten with each page, and its folder, where both slots lie; a
cut can tear either. This one lies in a folder of its own, beside a count of what is safely there, which is
laid out as the journal's records are. While pages come nothing else is written.
"""

import struct

from notedfu.const import const
from notedfu.errors import LocalError
from notedfu.filestage import FileStage
from notedfu.journalfiles import STAGING, create_on_fat, put_aside
from notedfu.room import remove

_EDGE = const(4096)  # bytes before and behind the image: what shares an erase block with its neighbours
_COUNT = "<II"  # bytes that are there, and the same with all bits changed
_MASK = 0xFFFFFFFF
_ENOSPC = const(28)


class FatStage(FileStage):
    """Staging in the journal's folder `journal`; otherwise as FileStage."""

    lag = _EDGE

    def __init__(self, journal, clock, reserve=0):
        self._journal = journal
        self._folder = journal + STAGING
        self._old = journal.rsplit("/", 1)[0] + "/staging.img"
        super().__init__(self._folder + "/image", clock, reserve)
        self._count = self._folder + "/record"
        self._counter = None
        self._bytes = bytearray(struct.calcsize(_COUNT))

    def begin(self, length):
        """Be ready for an image of `length` bytes; where the file is long enough it stays. LocalError."""
        self._close()
        self._limit = self.length = 0
        try:
            self._ready(length)
        except OSError as error:
            self._fail(error)
        self._limit = length

    def _ready(self, length):
        """begin()'s work. OSError."""
        remove(self._old)  # what an older library has staged would hold its room for ever
        try:
            self._lay(length)
        except OSError as error:
            if error.args[0] == _ENOSPC:
                raise
            self._close()
            put_aside(self._folder, _EDGE)  # it is torn
            self._lay(length)

    def _lay(self, length):
        """What is missing of the file and of the count beside it, which is 0. OSError."""
        stays = self._takes(length)
        if not stays:
            remove(self._path)
            self._check_room(length)
        create_on_fat(self._journal, _EDGE)
        self._note()
        if not stays:
            self._make(length)

    def _takes(self, length):
        """Whether the file is long enough for `length` bytes: its clusters, not what a torn folder says."""
        size = self._size()
        if size < length:
            return False
        try:
            with open(self._path, "rb") as file:
                file.seek(size + 2 * _EDGE - 1)
                return len(file.read(1)) == 1
        except (OSError, OverflowError):
            return False

    def _make(self, length):
        try:
            with open(self._path, "wb") as file:
                file.seek(length + 2 * _EDGE - 1)
                file.write(b"\xff")
        except OSError:
            remove(self._path)  # FAT has taken all the room there was
            raise

    def reopen(self, length):
        """As FileStage; what is not whole goes. Its folder is written anew by that: a torn one may read
        otherwise each time, and would lose the next download as well."""
        try:
            super().reopen(length)
        except LocalError:
            self._drop(self._path)
            raise

    def resume(self, length):
        """Find the prefix that a reset left of an image of `length` bytes; sets and returns its length."""
        self._close()
        self._limit = length
        have = self._safe()
        if have < length:  # FAT may have been rewriting the end of it, with what came behind it
            have = max(0, have - _EDGE)
        self.length = have
        return have

    def append(self, view):
        """Write the next bytes, see them safely there, and count them. LocalError `flash-fault`."""
        if self.length + len(view) > self._limit:
            raise LocalError("flash-fault", "%d bytes behind the image's end" % len(view))
        try:
            self._open("r+b")
            self._file.seek(_EDGE + self.length)
            self._file.write(view)
            self._file.flush()
            self.length += len(view)
            self._note()
        except OSError as error:
            self._fail(error)
        self._clock.tick()

    def commit(self):
        """The image is complete. LocalError `flash-fault` if it was not counted so."""
        if self.resume(self._limit) != self._limit:
            raise LocalError("flash-fault", "the file has %d of %d bytes" % (self.length, self._limit))

    def readinto(self, offset, view):
        """Fill `view` with what is staged from `offset` on. LocalError `flash-fault` where it ends early."""
        if offset + len(view) > self._limit:
            raise LocalError("flash-fault", "%d staged bytes at %d of %d" % (len(view), offset, self._limit))
        super().readinto(_EDGE + offset, view)

    def discard(self):
        """As FileStage; what an older library has left goes, too."""
        self._drop(self._old)
        super().discard()

    def _drop(self, path):
        try:
            remove(path)
        except OSError as error:
            self._fail(error)

    def _note(self):
        struct.pack_into(_COUNT, self._bytes, 0, self.length, self.length ^ _MASK)
        if self._counter is None:
            self._counter = open(self._count, "r+b")
        self._counter.seek(0)
        self._counter.write(self._bytes)
        self._counter.flush()

    def _safe(self):
        try:
            with open(self._count, "rb") as file:
                found, changed = struct.unpack(_COUNT, file.read(len(self._bytes)))
        except (OSError, ValueError):
            return 0
        there = found ^ changed == _MASK and found <= min(self._limit, self._size())
        return found if there else 0

    def _room(self):
        return max(0, super()._room() - 2 * _EDGE)

    def _size(self):
        """Bytes of an image that the file takes."""
        return max(0, super()._size() - 2 * _EDGE)

    def _close(self):
        counter, self._counter = self._counter, None
        if counter is not None:
            counter.close()
        super()._close()
