"""Keeps Ctrl-C out of the filesystem, as on boards, where flash drivers are in C and can't be interrupted."""


class Steady:
    """A block device on a BoardNor whose calls are repeated when a KeyboardInterrupt falls into them.

    The interrupt would leave LittleFS in the middle of its own C code. Instead a byte into the `again` pipe
    makes it pending anew when the call is through: it is raised at the first branch of Python code, and if
    that is in another call of this device, put off once more. A return is no branch; `break` and `if` are.
    """

    def __init__(self, device, nor, again):
        self._device = device
        self._nor = nor
        self._again = open(again, "r+b")

    def readblocks(self, block, buf, offset=0):
        while True:
            try:
                result = self._device.readblocks(block, buf, offset)
                if not self._nor.again:
                    return result
                self._nor.again = False
                self._again.write(b"!")
                return result
            except KeyboardInterrupt:
                self._nor.again = True

    def writeblocks(self, block, buf, offset=0):
        while True:
            try:
                result = self._device.writeblocks(block, buf, offset)
                if not self._nor.again:
                    return result
                self._nor.again = False
                self._again.write(b"!")
                return result
            except KeyboardInterrupt:
                self._nor.again = True

    def ioctl(self, op, arg):
        while True:
            try:
                result = self._device.ioctl(op, arg)
                if not self._nor.again:
                    return result
                self._nor.again = False
                self._again.write(b"!")
                return result
            except KeyboardInterrupt:
                self._nor.again = True
