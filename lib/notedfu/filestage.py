"""Staging in an append-only file: for stock firmware whose whole flash is one filesystem, and for SD cards.

The file is flushed after each page, so its size after a reset is the resume point. Nothing is ever written
in place: on LittleFS that would copy the file's end each time.
"""

import os

from notedfu import room
from notedfu.errors import LocalError

_ENOSPC = 28
_MARGIN = 2  # units of the filesystem: a copy of the journal and of a directory must still be possible


class FileStage:
    """Staging in the file `path`.

    reserve: bytes of the filesystem that the target needs for itself; may be set before begin().
    length: bytes that are safely there. append() and readinto() allocate nothing themselves.
    """

    lag = 0  # bytes of `length` that a resume may give up

    def __init__(self, path, clock, reserve=0):
        self._path = path
        self._clock = clock
        self._file = None
        self._mode = ""
        self._limit = 0
        self.reserve = reserve
        self.length = 0

    @property
    def capacity(self):
        """Bytes of the longest image that begin() takes now; what the file holds counts as free."""
        return self._room()

    def _room(self):
        status = os.statvfs(self._path.rsplit("/", 1)[0] or "/")
        unit = status[0]
        return room.fits(room.free(status) + room.held(self._path, unit, 0) - _MARGIN * unit - self.reserve)

    def begin(self, length):
        """Be ready for an image of `length` bytes. LocalError `no-room`, and then nothing has changed."""
        self._check_room(length)
        self.discard()
        self._limit = length

    def _check_room(self, length):
        capacity = self.capacity
        if length > capacity:
            raise LocalError("no-room", "staging takes %d bytes, the image has %d" % (capacity, length))

    def resume(self, length):
        """Find the prefix that a reset left of an image of `length` bytes; sets and returns its length."""
        self._close()
        self._limit = length
        size = self._size()
        if size > length:
            self.discard()  # of another image
            size = 0
        self.length = size
        return size

    def reopen(self, length):
        """Take the image of `length` bytes that commit() left; LocalError `staging-lost` without it."""
        if self.resume(length) != length:
            raise LocalError("staging-lost", "%d of the image's %d bytes are staged" % (self.length, length))

    def append(self, view):
        """Write the next bytes, and see them safely there. LocalError `no-room`, `flash-fault`."""
        if self.length + len(view) > self._limit:
            raise LocalError("flash-fault", "%d bytes behind the image's end" % len(view))
        try:
            self._open("ab")
            self._file.write(view)
            self._file.flush()
        except OSError as error:
            self._fail(error)
        self.length += len(view)
        self._clock.tick()

    def commit(self):
        """The image is complete. LocalError `flash-fault` if the file's length is not the image's."""
        self._close()
        if self._size() != self._limit:
            raise LocalError("flash-fault", "the file has %d of %d bytes" % (self._size(), self._limit))

    def readinto(self, offset, view):
        """Fill `view` with what is staged from `offset` on. LocalError `flash-fault` where it ends early."""
        try:
            self._open("rb")
            self._file.seek(offset)
            count = self._file.readinto(view)
        except OSError as error:
            self._fail(error)
        if count != len(view):
            raise LocalError("flash-fault", "%d of %d staged bytes at %d" % (count, len(view), offset))

    def discard(self):
        """Forget what is staged, and give the room back."""
        self._close()
        self.length = 0
        try:
            os.remove(self._path)
        except OSError:
            if self._size():
                raise LocalError("flash-fault", "%s can't be removed" % self._path) from None

    def _safe(self):
        """Bytes that are safely there, as flash has them."""
        return min(self._size(), self._limit)

    def _size(self):
        try:
            return os.stat(self._path)[6]
        except OSError:
            return 0

    def _open(self, mode):
        if mode != self._mode:
            self._close()
            self._file = open(self._path, mode)
            self._mode = mode

    def _close(self):
        file, self._file, self._mode = self._file, None, ""
        if file is not None:
            file.close()

    def _fail(self, error):
        """Give up the file as it is; what is on flash is asked anew."""
        try:
            self._close()
        except OSError:
            pass  # the same fault again, told below
        self.length = self._safe()
        if error.args[0] == _ENOSPC:
            raise LocalError("no-room", "the filesystem is full after %d bytes" % self.length)
        raise LocalError("flash-fault", "the staging file: %s" % error)
