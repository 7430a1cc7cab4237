"""Block devices of MicroPython's protocol (docs.micropython.org, library/vfs) on a NorFlash."""

_INIT = 1
_DEINIT = 2
_SYNC = 3
_BLOCK_COUNT = 4
_BLOCK_SIZE = 5
_ERASE = 6

_EINVAL = -22


class BlockDevice:
    """A range of erase blocks, by the extended protocol: for VfsLfs2 and for a raw region.

    It forgives nothing either: an access beyond the range is a FlashViolation. How a port reports what it
    finds, and what it fails to check, is a subclass (see tools/board/device/ for rp2's).
    """

    def __init__(self, nor, first_block=0, block_count=None):
        if block_count is None:
            block_count = nor.block_count - first_block
        self._nor = nor
        self._first = first_block
        self._count = block_count
        self._size = nor.erase_block

    def readblocks(self, block, buf, offset=0):
        """Read len(buf) bytes. Returns 0, or a negative errno."""
        if self._nor.dead:
            return -5
        at = self._address(block, offset, len(buf), "read")
        return self._nor.readinto(at, buf)

    def writeblocks(self, block, buf, offset=None):
        """With `offset` program only; without it erase whole blocks first. Returns 0, or a negative errno."""
        if self._nor.dead:
            return -5
        at = self._address(block, offset or 0, len(buf), "program")
        if offset is None:
            if len(buf) % self._size:
                self._nor.refuse("write of %d bytes: not in blocks of %d" % (len(buf), self._size))
            for done in range(len(buf) // self._size):
                if self._nor.erase(self._first + block + done):
                    return -5
        return self._nor.program(at, buf)

    def ioctl(self, op, arg):
        """The six operations of the protocol."""
        if self._nor.dead:
            return -5
        if op == _BLOCK_COUNT:
            return self._count
        if op == _BLOCK_SIZE:
            return self._size
        if op == _ERASE:
            self._address(arg, 0, self._size, "erase")
            return self._nor.erase(self._first + arg)
        return 0 if _INIT <= op <= _SYNC else _EINVAL

    def _address(self, block, offset, length, verb):
        begin = block * self._size + offset
        if block < 0 or offset < 0 or begin + length > self._count * self._size:
            self._nor.refuse(
                "%s of %d bytes at block %d + %d: beyond the device" % (verb, length, block, offset)
            )
        return self._first * self._size + begin


class FatDevice:
    """512-byte sectors in place, as CircuitPython and stm32 do it: for VfsFat.

    One erase block is held in RAM; it is erased and programmed when another one is written, or on sync. A
    power cut in between tears all sectors of the block.
    """

    SECTOR = 512

    def __init__(self, nor, first_block=0, block_count=None):
        if block_count is None:
            block_count = nor.block_count - first_block
        self._nor = nor
        self._first = first_block
        self._per_block = nor.erase_block // self.SECTOR
        self._sectors = block_count * self._per_block
        self._cache = bytearray(nor.erase_block)
        view = memoryview(self._cache)
        size = self.SECTOR
        self._slots = [view[i * size : (i + 1) * size] for i in range(self._per_block)]
        self._cached = -1
        self._dirty = False

    def readblocks(self, sector, buf, offset=0):
        """Read whole sectors (`offset` is always 0). Returns 0, or a negative errno."""
        if self._nor.dead:
            return -5
        count = self._check(sector, len(buf), "read")
        if not count:
            return -5
        if count == 1:
            return self._read(sector, buf)
        view = memoryview(buf)
        for done in range(count):
            if self._read(sector + done, view[done * self.SECTOR : (done + 1) * self.SECTOR]):
                return -5
        return 0

    def writeblocks(self, sector, buf, offset=0):
        """Write whole sectors (`offset` is always 0), into RAM for now. Returns 0, or a negative errno."""
        if self._nor.dead:
            return -5
        count = self._check(sector, len(buf), "write")
        if not count:
            return -5
        if count == 1:
            return self._write(sector, buf)
        view = memoryview(buf)
        for done in range(count):
            if self._write(sector + done, view[done * self.SECTOR : (done + 1) * self.SECTOR]):
                return -5
        return 0

    def ioctl(self, op, arg):
        """The operations that FAT uses; there is no erase."""
        if self._nor.dead:
            return -5
        if op == _BLOCK_COUNT:
            return self._sectors
        if op == _BLOCK_SIZE:
            return self.SECTOR
        if op == _SYNC or op == _DEINIT:
            return self._flush()
        return 0 if op == _INIT else _EINVAL

    def _read(self, sector, part):
        block = self._first + sector // self._per_block
        slot = sector % self._per_block
        if block != self._cached:
            return self._nor.readinto(block * self._nor.erase_block + slot * self.SECTOR, part)
        part[:] = self._slots[slot]
        return 0

    def _write(self, sector, part):
        block = self._first + sector // self._per_block
        if block != self._cached and self._load(block):
            return -5
        self._slots[sector % self._per_block][:] = part
        self._dirty = True
        return 0

    def _load(self, block):
        if self._flush():
            return -5
        self._cached = block
        return self._nor.readinto(block * self._nor.erase_block, self._cache)

    def _flush(self):
        if not self._dirty:
            return 0
        if self._nor.erase(self._cached):
            return -5
        result = self._nor.program(self._cached * self._nor.erase_block, self._cache)
        self._dirty = False
        return result

    def _check(self, sector, length, verb):
        """How many sectors; 0 beyond the device, where a FAT that is torn may well send its driver."""
        count = length // self.SECTOR
        if length % self.SECTOR or not length:
            self._nor.refuse("%s of %d bytes at sector %d: no whole sectors" % (verb, length, sector))
        return count if 0 <= sector <= self._sectors - count else 0
