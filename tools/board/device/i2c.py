"""machine.I2C, over a socket on which the simulated Notecard answers.

A transfer is b"W" or b"R", the address, the length in two bytes (little endian), and the bytes of a W.
The answer is a status byte, 0 or an errno, and the bytes of an R whose status is 0.
"""

import errno

_wire = None


def install(fd):
    """Give the module its wire; without one every transfer is a NACK."""
    global _wire
    _wire = None if fd < 0 else Wire(open(fd, "r+b"))


class Wire:
    """One transfer after the other, with buffers that are made once."""

    def __init__(self, file):
        self._file = file
        self._head = bytearray(4)
        self._status = bytearray(1)

    def transfer(self, verb, address, buf, length):
        """Do one transfer; OSError with the errno that the other side says."""
        head = self._head
        head[0] = verb
        head[1] = address
        head[2] = length & 0xFF
        head[3] = length >> 8
        self._file.write(head)
        if verb == 0x57 and length:
            self._file.write(buf)
        if not self._file.readinto(self._status):
            raise OSError(errno.EIO)
        if self._status[0]:
            raise OSError(self._status[0])
        if verb == 0x52 and length:
            self._fill(buf, length)

    def _fill(self, buf, length):
        done = self._file.readinto(buf)
        while done < length:
            got = self._file.readinto(memoryview(buf)[done:])
            if not got:
                raise OSError(errno.EIO)
            done += got


class I2C:
    """The controller as rp2 has it; freq, pins and timeout are taken and have no effect."""

    def __init__(self, id=0, *, freq=400000, scl=None, sda=None, timeout=50000):
        if id not in (0, 1):
            raise ValueError("I2C(%s) doesn't exist" % id)
        self._text = "I2C(%s, freq=%s, timeout=%s)" % (id, freq, timeout)

    def __repr__(self):
        return self._text

    def init(self, freq=400000):
        pass

    def writeto(self, address, buf, stop=True):
        """Write all of buf. Returns its length; OSError(EIO) for a NACK."""
        self._transfer(0x57, address, buf)
        return len(buf)

    def readfrom_into(self, address, buf, stop=True):
        """Fill buf."""
        self._transfer(0x52, address, buf)

    def readfrom(self, address, length, stop=True):
        buf = bytearray(length)
        self._transfer(0x52, address, buf)
        return bytes(buf)

    def writevto(self, address, vector, stop=True):
        return self.writeto(address, b"".join(vector), stop)

    def scan(self):
        """The addresses that acknowledge a write of nothing."""
        found = []
        for address in range(0x08, 0x78):
            try:
                self._transfer(0x57, address, b"")
            except OSError:
                continue
            found.append(address)
        return found

    def _transfer(self, verb, address, buf):
        if _wire is None:
            raise OSError(errno.EIO)
        _wire.transfer(verb, address, buf, len(buf))
