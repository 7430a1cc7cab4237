"""What is asked of a slot's files, and done to them, now and then: not loaded by a plain boot."""

import os

from notedfu.bootcrc import crc32
from notedfu.manifest import FILE_LIMIT, HEADER_SIZE, PROTECTED_LIMIT
from notedfu.slots import FOLDER, spare

DEPTH_LIMIT = 8  # folders inside each other, below the slot's own; untar.py refuses more

_PAGE = 512  # bytes read at a time
_ENTRY = 64  # bytes for a file in the manifest
_EXTRA = 16  # units: five folders with two each (LittleFS), the mark, last units of manifest and list, a copy
_POINTERS = 64  # LittleFS spends at most 8 bytes of 512 on finding a file's blocks (lfs.c, CTZ skip-list)


def verify(slots, slot, clock):
    """The slot's Manifest if every file reads back as it was installed, else None. Allocates a page."""
    page = memoryview(bytearray(_PAGE))
    return slots.examine(slot, lambda path, size, crc: file_sum(path, page, clock) == (size, crc))


def file_sum(path, page, clock):
    """(size, crc32) of a file, read through `page`; ticks once a page. OSError."""
    size = crc = 0
    with open(path, "rb") as file:
        while True:
            count = file.readinto(page)
            if not count:
                return size, crc
            crc = crc32(page if count == len(page) else page[:count], crc)
            size += count
            clock.tick()


def remove(slots, slot):
    """Empty the slot, its manifest first. OSError."""
    folder = slots.path(slot)
    for path in (folder + ".manifest", folder + ".confirmed", folder + ".list"):
        _remove(path)
    _remove_folder(folder, DEPTH_LIMIT)


def room(slots, active):
    """Bytes free for the slot beside `active`, with what it holds now."""
    status = os.statvfs(slots.root)
    return free(status) + _held(slots.path(spare(active)), status[0], DEPTH_LIMIT)


def room_needed(slots, size, count):
    """Bytes that `count` files of together `size` bytes take here, with all that goes with them.

    An upper bound for up to four folders inside each other or side by side.
    """
    unit = os.statvfs(slots.root)[0]
    lists = HEADER_SIZE + PROTECTED_LIMIT + 2 * _ENTRY * min(count, FILE_LIMIT)
    return size + size // _POINTERS + (count + _EXTRA) * unit + lists


def free(status):
    """Bytes free, of an os.statvfs() result; a full LittleFS may count more free blocks than it has."""
    return status[0] * status[3] if status[3] <= status[2] else 0


def _held(folder, unit, depth):
    total = 0
    try:
        names = os.listdir(folder)
    except OSError:
        return 0
    for name in names:
        status = os.stat(folder + "/" + name)
        if not status[0] & FOLDER:
            total += (status[6] + unit - 1) // unit * unit
        elif depth:
            total += _held(folder + "/" + name, unit, depth - 1)
    return total


def _remove(path):
    try:
        os.remove(path)
    except OSError as error:
        if error.args[0] != 2:  # ENOENT
            raise


def _remove_folder(folder, depth):
    try:
        names = os.listdir(folder)
    except OSError as error:
        if error.args[0] != 2:
            raise
        return
    for name in names:
        path = folder + "/" + name
        if depth and os.stat(path)[0] & FOLDER:
            _remove_folder(path, depth - 1)
        else:
            _remove(path)
    os.rmdir(folder)
