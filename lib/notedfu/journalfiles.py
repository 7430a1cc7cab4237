"""The journal's files, made once when a board is set up. Apart from journal.py, which every boot loads."""

import os

from notedfu.fat import is_fat

MARKS = ("/m0", "/m1")  # where the confirmed marks lie on FAT: marks.py
STAGING = "/s"  # and what says how far a download is: fatstage.py

_COPIES = ("/0", "/1")
_SPARE = ("/2",)
_ASIDE_LIMIT = 100  # directories put aside in a board's life; each keeps an erase block


def create(folder, size, erase_block):
    """Make what is missing of the journal in `folder`, for records of `size` bytes; changes nothing else.

    erase_block: bytes. On LittleFS a copy is as short as it can be, so that it is kept in its directory's
    metadata. Raises OSError when there is no room.
    """
    _folder(folder)
    if is_fat(folder):
        create_on_fat(folder, erase_block)
    else:
        _make(folder, erase_block, _COPIES, size)


def create_on_fat(folder, erase_block):
    """The same on FAT, or for it.

    The files lie one behind the other: reserve, 0/, 0/record, 1/, 1/record and so on. At erase_block bytes
    each no record shares its erase block with anything but its own directory. A cut may tear that directory,
    and to make it anew takes the allocation table, which all files share: so there is a third place, and two
    for the confirmed marks. Staging has one as well.
    """
    _folder(folder)
    _make(folder, erase_block, _COPIES + _SPARE + MARKS + (STAGING,), erase_block)


def _make(folder, erase_block, copies, length):
    _lengthen(folder + "/reserve", erase_block)
    for copy in copies:
        _lay(folder + copy, length)
        if not _is_there(folder + copy + "/record"):
            put_aside(folder + copy, length)
            _lay(folder + copy, length)


def _lay(folder, length):
    _folder(folder)
    _lengthen(folder + "/record", length)


def put_aside(folder, length):
    """Get a torn directory out of the way: on FAT one can hold garbage that hides what is made in it.

    A file of `length` bytes comes before the new one, so that it shares no erase block with what is there.
    """
    for number in range(_ASIDE_LIMIT):
        if not _is_there("%s.torn%d" % (folder, number)):
            os.rename(folder, "%s.torn%d" % (folder, number))
            _lengthen("%s.pad%d" % (folder, number), length)
            return


def _is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _folder(path):
    if not _is_there(path):
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
