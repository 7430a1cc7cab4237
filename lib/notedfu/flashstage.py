"""Staging in a region of raw flash, by MicroPython's extended block protocol (its docs, library/vfs).

Ports disagree about the rest, so only this is used: ioctl 1 once, ioctl 6 for each block, writeblocks with an
offset inside one block and in multiples of 256, ioctl 3 at the end. rp2 and samd check no bounds and report
no failure, pyb.Flash returns its errors, esp32 raises them: so bounds are checked here, both kinds of answer
count, and all is read back.

While block k is under way, block k+1 begins with a mark: all before k is whole. The next mark is on flash,
one block further on, before block k+1 is erased and with it the mark before. So whatever an older image left,
and whatever bytes this one has, a reset costs what was fetched for the block under way and no more.
"""

from struct import pack_into

from notedfu.const import const
from notedfu.errors import ImageError, LocalError

_INIT = const(1)
_SYNC = const(3)
_BLOCK_COUNT = const(4)
_BLOCK_SIZE = const(5)
_ERASE = const(6)

_PIECE = const(256)  # bytes: programs are multiples of it, and as much is read back at a time


class FlashStage:
    """Staging in `device`, a block device that is all the updater's.

    program_unit: bytes, a divisor of the erase block. Pages may be smaller or larger than a block; all but
    the last are multiples of 256 (or of program_unit, where that is more). length: bytes written and read
    back. reserve: as FileStage has it, without effect here. Allocates three pieces, and a view for each piece
    of a page at the first append(); after that append() allocates only for a last page that is shorter. What
    of a page lies in one block is programmed at once.
    """

    def __init__(self, device, clock, program_unit=256):
        self._readblocks = device.readblocks
        self._writeblocks = device.writeblocks
        self._control = device.ioctl
        self._clock = clock
        answer = self._ioctl(_INIT, 1)
        if answer:
            self._fail(answer, "init", 0)
        self._size = self._ioctl(_BLOCK_SIZE, 0) or 512
        self._count = self._ioctl(_BLOCK_COUNT, 0)
        self._piece = max(_PIECE, program_unit)
        self._back = bytearray(self._piece)
        self._blank = b"\xff" * self._piece
        self._mark = bytearray(b"notedfu staging " * (self._piece // 16))
        self._page = None
        self._parts = []
        self._first = 0
        self._limit = 0
        self._ready = -1  # the block that may be programmed
        self.reserve = 0
        self.length = 0

    @property
    def lag(self):
        """Bytes of `length` that a resume may give up: the block under way comes anew."""
        return self._size

    @property
    def capacity(self):
        """Bytes of the longest image that begin() takes: all blocks but one, for the last mark."""
        return self._size * (self._count - 1)

    def begin(self, length):
        """Be ready for an image of `length` bytes; ImageError `too-large` before anything is erased.

        From here on resume() finds nothing of an older image.
        """
        if length > self.capacity:
            raise ImageError(
                "too-large", "staging takes %d bytes, the image has %d" % (self.capacity, length)
            )
        self.discard()  # the marks first: none may speak of a block that is gone
        self._limit = length
        self._erase(0)
        self._ready = 0

    def resume(self, length):
        """Find the prefix that a reset left of an image of `length` bytes; sets and returns its length.

        Good only for the image that begin() was called for last. The block that comes next is erased here.
        """
        self._limit = min(length, self.capacity)
        block = self._count - 1
        while block > 1 and not self._is_marked(block):
            block -= 1
        block = max(0, block - 1)
        if block * self._size >= self._limit:
            block = 0
        self.length = block * self._size
        self._ready = -1
        if block:
            self._reenter(block)
        return self.length

    def reopen(self, length):
        """Take the image of `length` bytes that commit() left. Only its digest tells whether it is there."""
        self._limit = self.length = min(length, self.capacity)

    def append(self, view):
        """Program the next bytes, and read them back. LocalError `flash-fault`."""
        if self.length % self._piece or self.length + len(view) > self._limit:
            raise LocalError("flash-fault", "%d bytes at %d don't fit in" % (len(view), self.length))
        end = self.length + len(view)
        first = min(self._size - self.length % self._size, len(view))
        if view is not self._page or first != self._first:
            self._cut(view, first)
        for part, pieces in self._parts:
            self._program(part, pieces)
        self.length = end  # without what fills the last piece up
        if self.length % self._size == 0 and self.length < self._limit:
            self._enter(self.length // self._size)
        self._clock.tick()

    def commit(self):
        """The image is complete. LocalError `flash-fault`."""
        answer = self._ioctl(_SYNC, 0)
        if answer:
            self._fail(answer, "sync", 0)
        if self.length != self._limit:
            raise LocalError("flash-fault", "%d of %d bytes are staged" % (self.length, self._limit))

    def readinto(self, offset, view):
        """Fill `view` with what is staged from `offset` on. LocalError `flash-fault`.

        Allocates only where `view` goes over the end of a block.
        """
        block = offset // self._size
        at = offset % self._size
        if at + len(view) <= self._size:
            self._read(block, view, at)
            return
        done = 0
        while done < len(view):
            count = min(self._size - at, len(view) - done)
            self._read(block, view[done : done + count], at)
            done += count
            block += 1
            at = 0

    def discard(self):
        """Forget what is staged: resume() finds nothing of it."""
        self.length = self._limit = 0
        for block in range(2, self._count):
            if self._is_marked(block):
                for gone in range(block, min(block + 2, self._count))[::-1]:
                    self._erase(gone)

    def _cut(self, view, first):
        """Cut a page, of which `first` bytes fit in the block under way, into what is programmed at a time
        and, for each of these, the pieces that are read back: once for all pages in the same view."""
        self._page = view
        self._first = first
        self._parts = []
        start = 0
        while start < len(view):
            end = min(start + (self._size if start else first), len(view))
            rest = (end - start) % self._piece
            part = view if end - start == len(view) else view[start:end]
            if 0 < rest < end - start:
                end -= rest
                part = view[start:end]
            elif rest:  # 0xFF fills the last piece up
                self._page = None
                part = bytes(part) + self._blank[rest:]
            pieces = [part[at : at + self._piece] for at in range(0, len(part), self._piece)]
            self._parts.append((part, pieces))
            start = end

    def _program(self, part, pieces):
        block = self.length // self._size
        at = self.length % self._size
        if at == 0:
            self._enter(block)
        self._write(block, part, at, "program")
        back, read = self._back, self._readblocks
        try:
            for piece in pieces:
                answer = read(block, back, at)
                if back != piece or answer:
                    break
                at += self._piece
            else:
                self.length += len(part)
                return
        except OSError as error:
            answer = error
        if answer:
            self._fail(answer, "read", block)
        raise LocalError("flash-fault", "block %d does not read back at %d" % (block, at))

    def _enter(self, block):
        """Make `block` ready for its first byte; all before it is whole, as the block behind it says then."""
        if block == self._ready:
            return
        if block:
            self._put_mark(block + 1)
        self._erase(block)
        self._ready = block

    def _reenter(self, block):
        """The same after a reset, which may have cut any step of it, and that of the block behind."""
        if block + 2 < self._count:
            self._erase(block + 2)  # a mark whose program was cut may read well now and then
        if self._is_marked(block):
            self._put_mark(block + 1)  # this one too; the one before it still counts
        self._erase(block)
        self._ready = block

    def _put_mark(self, block):
        self._erase(block)
        mark = self._marking(block)
        self._write(block, mark, 0, "mark")
        self._read(block, self._back, 0)
        if self._back != mark:
            raise LocalError("flash-fault", "the mark in block %d does not read back" % block)

    def _is_marked(self, block):
        self._read(block, self._back, 0)
        self._clock.tick()
        return self._back == self._marking(block)

    def _marking(self, block):
        """The mark that belongs into `block`: its number at both ends, so that half of one is none."""
        mark = self._mark
        pack_into("<H", mark, 0, block)
        pack_into("<H", mark, self._piece - 2, block)
        return mark

    def _erase(self, block):
        self._bound(block)
        answer = self._ioctl(_ERASE, block)
        if answer:
            self._fail(answer, "erase", block)
        self._clock.tick()

    def _read(self, block, view, at):
        self._bound(block)
        try:
            answer = self._readblocks(block, view, at)
        except OSError as error:
            answer = error
        if answer:
            self._fail(answer, "read", block)

    def _write(self, block, part, at, verb):
        self._bound(block)
        try:
            answer = self._writeblocks(block, part, at)
        except OSError as error:
            answer = error
        if answer:
            self._fail(answer, verb, block)

    def _ioctl(self, operation, argument):
        try:
            return self._control(operation, argument)
        except OSError as error:
            return error

    def _bound(self, block):
        if not 0 <= block < self._count:
            raise LocalError("flash-fault", "block %d of %d" % (block, self._count))

    def _fail(self, answer, verb, block):
        """`answer` of the device is neither None nor 0."""
        raise LocalError("flash-fault", "%s of block %d failed (%s)" % (verb, block, answer))
