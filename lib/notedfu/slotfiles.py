"""What is done now and then to a slot's files; a plain boot does not load it."""

import os

from notedfu.glance import crc32
from notedfu.room import DEPTH_LIMIT, FOLDER, remove

_PAGE = 512  # bytes read at a time
_ASIDE_LIMIT = 100  # folders put aside in a board's life
_ENOENT = 2
_EIO = 5


class Sums:
    """Reads files back. Allocates a page of 512 bytes, once."""

    def __init__(self, clock):
        self._clock = clock
        self._page = memoryview(bytearray(_PAGE))

    def agree(self, path, size, crc):
        """Whether the file at `path` has this size and this crc32. OSError."""
        return self.of(path) == (size, crc)

    def of(self, path):
        """(size, crc32) of the file at `path`; ticks once a page. OSError."""
        size = crc = 0
        with open(path, "rb") as file:
            while True:
                count = file.readinto(self._page)
                if not count:
                    return size, crc
                crc = crc32(self._page if count == _PAGE else self._page[:count], crc)
                size += count
                self._clock.tick()


def empty(path):
    """Remove all of the slot whose folder is `path`, its manifest first. OSError."""
    for suffix in (".manifest", ".confirmed", ".list"):
        remove(path + suffix)
    try:
        _remove_folder(path, DEPTH_LIMIT)
    except OSError as error:
        _put_aside(path, error)


def _put_aside(path, error):
    """Get a folder that can't be emptied out of the way: on FAT a torn one holds garbage."""
    for number in range(_ASIDE_LIMIT):
        aside = "%s.torn%d" % (path, number)
        try:
            os.stat(aside)
        except OSError:
            os.rename(path, aside)
            return
    raise error


def _remove_folder(folder, depth):
    try:
        names = os.listdir(folder)
    except ValueError:  # names that are no text
        raise OSError(_EIO) from None
    except OSError as error:
        if error.args[0] != _ENOENT:
            raise
        return
    for name in names:
        path = folder + "/" + name
        if depth and os.stat(path)[0] & FOLDER:
            _remove_folder(path, depth - 1)
        else:
            remove(path)
    os.rmdir(folder)
