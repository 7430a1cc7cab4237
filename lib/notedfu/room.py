"""How much a filesystem has room for, by os.statvfs(). Estimates err on the safe side."""

import os

from notedfu.const import const

DEPTH_LIMIT = 8  # folders inside each other in a slot
FOLDER = 0x4000  # S_IFDIR

_ENOENT = const(2)
_POINTERS = const(64)  # LittleFS spends at most 8 bytes of 512 on finding a file's blocks (lfs.c)
_EXTRA = const(16)  # units: five folders with two each (LittleFS), the mark, the ends of manifest and list


def free(status):
    """Bytes free, of an os.statvfs() result; a full LittleFS may count more free blocks than it has."""
    return status[0] * status[3] if status[3] <= status[2] else 0


def fits(count):
    """How large a file fits into `count` bytes of free units."""
    return max(0, count - count // _POINTERS)


def remove(path):
    """Give back what a file takes; that there is none is all right. OSError."""
    try:
        os.remove(path)
    except OSError as error:
        if error.args[0] != _ENOENT:
            raise


def needed(size, count, unit):
    """Bytes that `count` files of together `size` bytes take, with up to four folders and their manifest."""
    return size + size // _POINTERS + (count + _EXTRA) * unit


def held(path, unit, depth):
    """Bytes in a file, or in a folder and `depth` folders below it, as whole units; 0 if it isn't there."""
    try:
        status = os.stat(path)
    except OSError:
        return 0
    if not status[0] & FOLDER:
        return (status[6] + unit - 1) // unit * unit
    if depth < 0:
        return 0
    try:
        names = os.listdir(path)
    except (OSError, ValueError):  # torn, on FAT
        return 0
    return sum([held(path + "/" + name, unit, depth - 1) for name in names])
