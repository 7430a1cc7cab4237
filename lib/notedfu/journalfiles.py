"""The journal's files, made once when a board is set up. Apart from journal.py, which every boot loads."""

import os


def create(folder, size, erase_block):
    """Make what is missing of the journal in `folder`, for records of `size` bytes; changes nothing else.

    Where the filesystem's unit is smaller than erase_block (bytes), FAT is assumed: the files lie one behind
    the other, reserve, 0/, 0/record, 1/, 1/record, and at erase_block bytes each no record shares its erase
    block with anything but its own directory. Elsewhere a copy is as short as it can be, so that LittleFS
    keeps it in its directory's metadata. Raises OSError when there is no room.
    """
    _folder(folder)
    _lengthen(folder + "/reserve", erase_block)
    length = erase_block if os.statvfs(folder)[0] < erase_block else size
    for copy in ("/0", "/1"):
        _folder(folder + copy)
        _lengthen(folder + copy + "/record", length)


def _folder(path):
    try:
        os.stat(path)
    except OSError:
        os.mkdir(path)


def _lengthen(path, length):
    try:
        have = os.stat(path)[6]
    except OSError:
        have = 0
    if have < length:
        with open(path, "ab") as file:
            while have < length:
                have += file.write(b"\xff" * min(256, length - have))
