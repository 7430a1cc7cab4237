"""Keeps Ctrl-C out of the filesystem, as on boards, where flash drivers are in C and can't be interrupted."""


class Steady:
    """A block device on a BoardNor whose calls are repeated when a KeyboardInterrupt falls into them.

    The interrupt would leave LittleFS in the middle of its own C code. The supervisor types it again, later.
    """

    def __init__(self, device, nor, control):
        self._device = device
        self._nor = nor
        self._control = control

    def readblocks(self, block, buf, offset=0):
        while True:
            try:
                return self._device.readblocks(block, buf, offset)
            except KeyboardInterrupt:
                self._later()

    def writeblocks(self, block, buf, offset=0):
        while True:
            try:
                result = self._device.writeblocks(block, buf, offset)
                self._nor.again = False
                return result
            except KeyboardInterrupt:
                self._later()

    def ioctl(self, op, arg):
        while True:
            try:
                result = self._device.ioctl(op, arg)
                self._nor.again = False
                return result
            except KeyboardInterrupt:
                self._later()

    def _later(self):
        self._nor.again = True
        self._control.tell(b"interrupt\n")
