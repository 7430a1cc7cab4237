"""machine.I2C, over a socket on which the simulated Notecard answers.

A transfer is b"W" or b"R", the address, the length in two bytes (little endian), and the bytes of a W.
The answer is a status byte, 0 or an errno, and the bytes of an R whose status is 0.
"""

import errno

_READ = 0x52
_WRITE = 0x57

_wire = None
ids = (0, 1)


def install(fd):
    """Give the module its wire; without one every transfer is a NACK."""
    global _wire
    _wire = None if fd < 0 else Wire(open(fd, "r+b"))


class Wire:
    """One transfer after the other, with buffers that are made once.

    A Ctrl-C may fall into a transfer; then the next one first takes the answer that is still owed.
    """

    def __init__(self, file):
        self._file = file
        self._request = bytearray(4 + 256)
        self._request_view = memoryview(self._request)
        self._status = bytearray(1)
        self._owed_status = False
        self._owed = 0

    def transfer(self, verb, address, buf, length):
        """Do one transfer; OSError with the errno that the other side says."""
        if self._owed_status or self._owed:
            self._take_answer(bytearray(self._owed))
        count = self._fill_request(verb, address, buf, length)
        owed = length if verb == _READ else 0
        self._file.write(self._request, count)  # a Ctrl-C acts at branches: none until it is noted
        self._owed_status = True
        self._owed = owed
        status = self._take_answer(buf)
        if status:
            raise OSError(status)

    def _fill_request(self, verb, address, buf, length):
        count = 4 + (length if verb == _WRITE else 0)
        if count > len(self._request):
            self._request = bytearray(count)
            self._request_view = memoryview(self._request)
        request = self._request
        request[0] = verb
        request[1] = address
        request[2] = length & 0xFF
        request[3] = length >> 8
        if count > 4:
            self._request_view[4:count] = buf
        return count

    def _take_answer(self, buf):
        """Take what is owed, into the end of buf. Returns the status."""
        if self._owed_status:
            got = self._file.readinto(self._status)
            self._owed_status = False
            if not got:
                raise OSError(errno.EIO)
        if self._status[0]:
            self._owed = 0
        length = len(buf)
        while self._owed:
            got = self._file.readinto(buf if self._owed == length else memoryview(buf)[length - self._owed :])
            self._owed -= got
            if not got:
                raise OSError(errno.EIO)
        return self._status[0]


class I2C:
    """The controller as rp2 has it; freq and timeout decide what takes too long, a whole transfer in us."""

    def __init__(self, id=0, *, freq=400000, scl=None, sda=None, timeout=50000):
        if id not in ids:
            raise ValueError("I2C(%s) doesn't exist" % id)
        self._freq = freq
        self._timeout = timeout
        self._text = "I2C(%s, freq=%s, timeout=%s)" % (id, freq, timeout)

    def __repr__(self):
        return self._text

    def init(self, freq=400000):
        pass

    def writeto(self, address, buf, stop=True):
        """Write all of buf. Returns its length; OSError(EIO) for a NACK."""
        self._transfer(_WRITE, address, buf)
        return len(buf)

    def readfrom_into(self, address, buf, stop=True):
        """Fill buf."""
        self._transfer(_READ, address, buf)

    def readfrom(self, address, length, stop=True):
        buf = bytearray(length)
        self._transfer(_READ, address, buf)
        return bytes(buf)

    def writevto(self, address, vector, stop=True):
        return self.writeto(address, b"".join(vector), stop)

    def scan(self):
        """The addresses that acknowledge a write of nothing."""
        found = []
        for address in range(0x08, 0x78):
            try:
                self._transfer(_WRITE, address, b"")
            except OSError:
                continue
            found.append(address)
        return found

    def _transfer(self, verb, address, buf):
        if (len(buf) + 1) * 9000 // (self._freq // 1000) > self._timeout:
            raise OSError(errno.ETIMEDOUT)
        if _wire is None:
            raise OSError(errno.EIO)
        _wire.transfer(verb, address, buf, len(buf))
