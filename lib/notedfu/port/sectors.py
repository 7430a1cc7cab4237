"""Sectors that need no erase, as SD cards have them, in the form that staging on raw flash wants."""

_SECTOR = 512  # bytes
_PER_BLOCK = 8
_COUNT = 4  # ioctl
_SIZE = 5
_ERASE = 6
_EIO = -5
_EINVAL = -22


class Sectors:
    """`device`, which has readblocks(n, buf) and writeblocks(n, buf) for whole sectors of 512 bytes.

    first, count: the sectors that staging gets, whatever lies there; without count all from `first` on. It
    shows blocks of 4096 bytes; to erase one fills it with 0xFF. Nothing is cached: what is read back has been
    on the medium. Allocates a sector, and a view for each piece.
    """

    def __init__(self, device, first=0, count=None):
        self._device = device
        self._first = first
        if count is None:  # CircuitPython's sdcardio has count(), the others ioctl(4)
            count = (device.count() if hasattr(device, "count") else device.ioctl(_COUNT, 0)) - first
        self._count = count // _PER_BLOCK
        self._sector = bytearray(_SECTOR)
        self._view = memoryview(self._sector)

    def readblocks(self, block, buf, offset=0):
        """Fill `buf` from `offset` of the block on. Returns 0, or -5 where the device failed."""
        number, at, done = self._place(block, offset)
        view = memoryview(buf)
        while done < len(view):
            if self._failed(self._device.readblocks(number, self._sector)):
                return _EIO
            n = min(_SECTOR - at, len(view) - done)
            view[done : done + n] = self._view[at : at + n]
            number, at, done = number + 1, 0, done + n
        return 0

    def writeblocks(self, block, buf, offset=0):
        """Put `buf` at `offset` of the block. Returns 0, or -5 where the device failed."""
        number, at, done = self._place(block, offset)
        view = memoryview(buf)
        while done < len(view):
            n = min(_SECTOR - at, len(view) - done)
            if n < _SECTOR and self._failed(self._device.readblocks(number, self._sector)):
                return _EIO
            self._view[at : at + n] = view[done : done + n]
            if self._failed(self._device.writeblocks(number, self._sector)):
                return _EIO
            number, at, done = number + 1, 0, done + n
        return 0

    def ioctl(self, op, arg):
        """The operations that staging uses."""
        if op == _COUNT:
            return self._count
        if op == _SIZE:
            return _SECTOR * _PER_BLOCK
        if op == _ERASE:
            return self._fill(arg)
        return 0 if op in (1, 2, 3) else _EINVAL

    def _fill(self, block):
        for at in range(_SECTOR):
            self._sector[at] = 0xFF
        number = self._place(block, 0)[0]
        for sector in range(number, number + _PER_BLOCK):
            if self._failed(self._device.writeblocks(sector, self._sector)):
                return _EIO
        return 0

    def _place(self, block, offset):
        at = block * _PER_BLOCK * _SECTOR + offset
        return self._first + at // _SECTOR, at % _SECTOR, 0

    @staticmethod
    def _failed(answer):
        """machine.SDCard and pyb.SDCard answer True or False, others None, 0 or an error number."""
        return answer is False or answer not in (None, True, 0)
