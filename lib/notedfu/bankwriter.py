"""A firmware into an OTA partition, page by page, the first one last: until then nothing starts there."""

from notedfu.errors import LocalError
from notedfu.otastage import PAGE, done

_ERASE = 6


class BankWriter:
    """A stream stage over `device`, a block device with erase blocks of 4096 bytes.

    begin(), feed() the whole .bin, and finish() once its digest is known to be right. `first` is the page
    that is held back. Allocates three pages.
    """

    def __init__(self, device, clock):
        self.first = None
        self._device = device
        self._clock = clock
        self._page = bytearray(PAGE)
        self._back = bytearray(PAGE)
        self._block = 0
        self._have = 0

    def begin(self):
        """From here on the bootloader finds no firmware there. LocalError `flash-fault`."""
        self._block = self._have = 0
        done(self._device.ioctl, _ERASE, 0)

    def feed(self, buf, start, end):
        """Take buf[start:end]. LocalError `flash-fault`."""
        while start < end:
            count = min(end - start, PAGE - self._have)
            self._page[self._have : self._have + count] = memoryview(buf)[start : start + count]
            self._have += count
            start += count
            if self._have == PAGE:
                self._end_page()

    def finish(self):
        """Write what is left, the first page last. LocalError `flash-fault`."""
        if self._have:
            for at in range(self._have, PAGE):
                self._page[at] = 0xFF
            self._end_page()
        self._write(0, self.first)

    def _end_page(self):
        if self._block:
            self._write(self._block, self._page)
        else:
            self.first = bytearray(self._page)
        self._block += 1
        self._have = 0

    def _write(self, block, page):
        done(self._device.ioctl, _ERASE, block)
        done(self._device.writeblocks, block, page, 0)
        done(self._device.readblocks, block, self._back, 0)
        if self._back != page:
            raise LocalError("flash-fault", "block %d of the firmware does not read back" % block)
        self._clock.tick()
