"""Staging on a serial NOR flash chip (W25Q and its like, up to 16 MiB) behind SPI, with MicroPython.

In notedfu.json: "staging": "flash", "staging_module": "nor_staging". On the board: /nor_staging.py, with the
pins of your board in region(). The commands are the basic ones of all such chips, for example of Winbond's
W25Q128JV data sheet, chapter 8.
"""

import time

_WRITE_ENABLE = 0x06
_STATUS = 0x05
_READ = 0x03
_PROGRAM = 0x02  # 256 bytes at most, within a page
_ERASE = 0x20  # 4096 bytes
_BUSY = 1  # bit of the status
_BLOCK = 4096
_PAGE = 256
_PATIENCE_MS = 500  # W25Q: an erase takes 400 ms at most
_EIO = -5
_EINVAL = -22


class SerialNor:
    """A range of the chip as a block device. spi: machine.SPI; cs: its chip select, a pin that is high."""

    def __init__(self, spi, cs, first_block, block_count):
        self._spi = spi
        self._cs = cs
        self._first = first_block
        self._count = block_count
        self._command = bytearray(4)
        self._status = bytearray(1)

    def readblocks(self, block, buf, offset=0):
        self._address(_READ, block, offset)
        self._cs(0)
        self._spi.write(self._command)
        self._spi.readinto(buf)
        self._cs(1)
        return 0

    def writeblocks(self, block, buf, offset=0):
        """Program erased bytes. Pages end at multiples of 256, and so does each piece here."""
        view = memoryview(buf)
        done = 0
        while done < len(view):
            n = min(_PAGE - (offset + done) % _PAGE, len(view) - done)
            self._address(_PROGRAM, block, offset + done)
            if self._change(view[done : done + n]):
                return _EIO
            done += n
        return 0

    def ioctl(self, op, arg):
        if op == 4:
            return self._count
        if op == 5:
            return _BLOCK
        if op == 6:
            self._address(_ERASE, arg, 0)
            return self._change(b"")
        return 0 if op in (1, 2, 3) else _EINVAL

    def _change(self, data):
        """Send the command and `data`; wait until the chip has done it. Returns 0 or an error."""
        self._send(_WRITE_ENABLE)
        self._cs(0)
        self._spi.write(self._command)
        self._spi.write(data)
        self._cs(1)
        began = time.ticks_ms()
        while self._is_busy():
            if time.ticks_diff(time.ticks_ms(), began) > _PATIENCE_MS:
                return _EIO
            time.sleep_ms(1)
        return 0

    def _is_busy(self):
        self._status[0] = _STATUS
        self._cs(0)
        self._spi.write(self._status)
        self._spi.readinto(self._status)
        self._cs(1)
        return self._status[0] & _BUSY

    def _send(self, command):
        self._status[0] = command
        self._cs(0)
        self._spi.write(self._status)
        self._cs(1)

    def _address(self, command, block, offset):
        at = (self._first + block) * _BLOCK + offset
        self._command[0] = command
        for shift in (16, 8, 0):
            self._command[3 - shift // 8] = at >> shift & 0xFF


def region(settings):
    from machine import SPI, Pin

    return SerialNor(SPI(1, 20_000_000), Pin(9, Pin.OUT, value=1), first_block=0, block_count=384)
