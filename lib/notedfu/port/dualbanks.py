"""The two firmwares of an Espressif board with CircuitPython, by its module dualbank.

It writes and switches, and that is all: nothing reads back, the bootloader does not go back by itself, and
which firmware runs shows only in what the interpreter calls itself. So a label says which firmware it is not:
the one that wrote it.
"""

import os
from binascii import crc32, hexlify

import dualbank

from notedfu.errors import ImageError, LocalError

_PAGE = 4096  # bytes; the first call must have more than 288, the headers that dualbank looks at
_CHIPS = {
    "ESP32": 0,
    "ESP32S2": 2,
    "ESP32C3": 5,
    "ESP32S3": 9,
    "ESP32C2": 12,
    "ESP32C6": 13,
    "ESP32H2": 16,
    "ESP32P4": 18,
    "ESP32C5": 23,
}  # esp_chip_id_t, by the processor's name in os.uname()


def _uname():
    return os.uname()


class Banks:
    """As banks.Banks; docs/PORTING.md has the obligations."""

    once = False  # a reset starts the new firmware again
    size = 1 << 28  # not to be had: dualbank.flash() refuses what is too long

    def __init__(self):
        who = str(_uname()).encode()
        self._name = hexlify(crc32(who).to_bytes(4, "little"))
        self.other = b"!" + self._name

    def fits(self, label):
        """Whether the firmware with this label runs."""
        return label != self.other

    def chip(self):
        """esp_chip_id_t, or None where the interpreter does not say it in a way that is known here."""
        return _CHIPS.get(_uname().machine.split(" with ")[-1])

    def writer(self, clock):
        """A stream stage for a whole .bin."""
        return Writer(clock)

    def switch(self):
        """The next reset starts the other one. ImageError `bad-firmware`."""
        try:
            dualbank.switch()
        except (OSError, RuntimeError) as error:
            raise ImageError("bad-firmware", "dualbank.switch: %s" % error) from None

    def keep(self):
        """Nothing: it is started again and again anyhow."""

    def leave(self):
        """The next reset starts the firmware that was there before. OSError."""
        try:
            dualbank.switch()
        except RuntimeError as error:
            raise OSError(str(error)) from None


class Writer:
    """begin(), feed() the whole .bin in order, finish(). Allocates a page."""

    def __init__(self, clock):
        self._clock = clock
        self._page = bytearray(_PAGE)
        self._have = 0
        self._at = 0

    def begin(self):
        """Nothing: the first bytes erase the other firmware, which takes seconds."""

    def feed(self, buf, start, end):
        """Take buf[start:end]. ImageError `bad-firmware`, LocalError `no-banks`, `flash-fault`."""
        while start < end:
            count = min(end - start, _PAGE - self._have)
            self._page[self._have : self._have + count] = memoryview(buf)[start : start + count]
            self._have += count
            start += count
            if self._have == _PAGE:
                self._write()

    def finish(self):
        """Write what is left."""
        if self._have:
            self._write()

    def _write(self):
        view = memoryview(self._page)[: self._have]
        try:
            dualbank.flash(view, offset=self._at)
        except OSError as error:
            raise LocalError("flash-fault", "dualbank.flash: %s" % error) from None
        except RuntimeError as error:
            if "extended" in str(error):
                text = "the drive takes the second firmware's room: storage.erase_filesystem(extended=False)"
                raise LocalError("no-banks", text) from None
            raise ImageError("bad-firmware", "dualbank.flash: %s" % error) from None
        self._at += self._have
        self._have = 0
        self._clock.tick()
