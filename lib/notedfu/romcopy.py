"""A slot's ROMFS into the board's partition. Loaded only where there is one.

It lies a page behind the partition's beginning, which stays blank: so the firmware finds nothing there to
mount by itself, and nothing of an app can shadow the updater or run while it is replaced.
"""

import sys

from notedfu.errors import LocalError
from notedfu.glance import crc32

START = 4096  # bytes in front
_PAGE = START
_NOTHING = b"\xff\xff\xff\xff"


class Copy:
    """rom: the port's. mark: a file of 4 bytes, the crc32 of the manifest whose ROMFS lies there whole.

    A mark beside the bytes' own crc32, because what was cut may read well once. Allocates a page.
    """

    def __init__(self, rom, mark, clock):
        self._rom = rom
        self._mark = mark
        self._clock = clock

    def bring(self, name, path, size, crc):
        """See that the partition holds the file `path`: its size and crc32 as in the manifest `name`.

        Order on flash: the mark goes; all is erased, from the front; the pages come, the first one last; all
        is read; the mark comes. LocalError `rom-fault`.
        """
        if self._marked() == name and self._holds(size, crc):
            return
        if size > self._rom.size - START:
            raise _fault("%d bytes, the partition has room for %d" % (size, self._rom.size - START))
        _check_nothing_runs_there()
        self._set_mark(_NOTHING)
        self._rom.unmount()
        self._try(self._rom.erase, START + size, self._clock.tick)
        with open(path, "rb") as file:
            self._copy(file, size)
        self._rom.complete()
        if not self._holds(size, crc):
            raise _fault("what was written does not read back")
        self._set_mark(name)

    def _copy(self, file, size):
        page = bytearray(_PAGE)
        for at in [at for at in range(_PAGE, size, _PAGE)] + [0]:
            file.seek(at)
            count = file.readinto(page)
            while count < _PAGE:
                page[count] = 0xFF
                count += 1
            self._try(self._rom.write, START + at, page)
            self._clock.tick()

    def _holds(self, size, crc):
        found, at, end = 0, START, START + size
        while at < end:
            found = crc32(self._rom.view[at : min(at + _PAGE, end)], found)
            at += _PAGE
            self._clock.tick()
        return found == crc

    def _marked(self):
        try:
            with open(self._mark, "rb") as file:
                return file.read(4)
        except OSError:
            return None

    def _set_mark(self, name):
        try:
            file = open(self._mark, "r+b")
        except OSError:
            file = self._try(open, self._mark, "wb")
        try:
            with file:
                file.write(name)
        except OSError as error:
            raise _fault("its mark: %s" % error) from None
        if self._marked() != name:
            raise _fault("its mark does not read back")

    @staticmethod
    def _try(function, *arguments):
        try:
            return function(*arguments)
        except OSError as error:
            raise _fault(error) from None


def _check_nothing_runs_there():
    """What came from /rom, by cable and before us, runs where we are about to write."""
    for name in sys.modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith("/rom/"):
            raise _fault("%s was imported from it: deploy an empty ROMFS by cable first" % name)


def _fault(text):
    return LocalError("rom-fault", "ROMFS: %s" % text)
