"""NOR flash that forgives nothing.

Bits go from 1 to 0 by program and back to 1 by erase alone; a program goes to an erased place, aligned to the
program unit. The rules are those of the chips on boards (256-byte pages and 4096-byte sectors on serial NOR).
"""

from array import array

from tools.flash.cut import PowerCut
from tools.flash.store import MemoryStore

EIO = -5


class FlashViolation(BaseException):
    """The code under test did to the flash what flash can't do. No OSError, and not to be caught by it."""


def raise_power_cut():
    raise PowerCut()


class NorFlash:
    """A chip over `store` (a bytearray or a Store), from power-up to power-down.

    `erase_block` and `program_unit` are in bytes. Set `cut` to a Cut to let the power fail; then
    `on_power_cut()` is called, and this object is dead for ever: every call answers -5, raises nothing and
    allocates nothing, because a collector may still finalise files that were open on it. The next boot makes
    a new NorFlash over the same Store.

    `operations` counts erases and programs, `programmed_bytes` and `erases[block]` what they did.
    `bad_blocks` is a set of blocks whose erase fails and whose program does nothing; the block of operation
    `wears_out_at` (from 1) joins them as the operation begins. `violation` is the text
    of the first FlashViolation, for code that swallowed it.

    In a proof, a file's __exit__ may put an OSError in the place of the PowerCut: `dead` is what tells.
    """

    def __init__(self, store, erase_block=4096, program_unit=256, on_power_cut=raise_power_cut):
        self.store = MemoryStore(store) if isinstance(store, bytearray) else store
        self.size = self.store.size
        self.erase_block = erase_block
        self.program_unit = program_unit
        self.block_count = self.size // erase_block
        if self.size % erase_block or erase_block % program_unit:
            raise ValueError(
                "%d bytes in blocks of %d in units of %d" % (self.size, erase_block, program_unit)
            )
        self.on_power_cut = on_power_cut
        self.cut = None
        self.dead = False
        self.bad_blocks = set()
        self.wears_out_at = 0
        self.violation = None
        self.operations = 0
        self.programmed_bytes = 0
        self.erases = array("I", bytes(4 * self.block_count))
        self._blank = b"\xff" * erase_block
        self._pairs = {}  # length: (work, blank), made once for each length
        for units in range(1, 5):  # what LittleFS writes while it closes a file, perhaps with the heap locked
            self._pair(min(units * program_unit, erase_block))

    def readinto(self, at, view):
        """Read len(view) bytes at `at`. Returns 0, or -5 from a dead chip."""
        if self.dead:
            return EIO
        self._check(at, len(view), 1, "read")
        self.store.readinto(at, view)
        first, end = self.store.shaky
        if at < end and first < at + len(view):
            self._shake(at, view)
        return 0

    def program(self, at, data):
        """Program `data` (whole units) at `at`. Returns 0, or -5 from a dead chip."""
        if self.dead:
            return EIO
        length = len(data)
        self._check(at, length, self.program_unit, "program")
        if self.bad_blocks and at // self.erase_block in self.bad_blocks:
            return 0
        self._check_erased(at, length)
        self.operations += 1
        if self.operations == self.wears_out_at:
            self.bad_blocks.add(at // self.erase_block)
            return 0
        if self.cut is not None and self.operations == self.cut.at_operation:
            self.cut.program(self.store, at, data, self.program_unit)
            return self._die()
        self.store.write(at, data)
        self.programmed_bytes += length
        return 0

    def erase(self, block):
        """Erase one block. Returns 0, or -5 from a dead chip or a bad block."""
        if self.dead:
            return EIO
        at = block * self.erase_block
        self._check(at, self.erase_block, self.erase_block, "erase")
        if block in self.bad_blocks:
            return EIO
        self.operations += 1
        if self.operations == self.wears_out_at:
            self.bad_blocks.add(block)
            return EIO
        if self.cut is not None and self.operations == self.cut.at_operation:
            self.cut.erase(self.store, at, self.erase_block)
            return self._die()
        if self.store.unsettled:
            self.store.settle(at, at + self.erase_block)
        self.store.write(at, self._blank)
        self.erases[block] += 1
        return 0

    def power_off(self):
        """Die now, between two operations; on_power_cut() is not called."""
        self.dead = True

    def refuse(self, text):
        """Raise a FlashViolation, and remember the first one."""
        if self.violation is None:
            self.violation = text
        raise FlashViolation(text)

    def _die(self):
        self.dead = True
        self.on_power_cut()
        return EIO

    def _check(self, at, length, unit, verb):
        if at < 0 or at + length > self.size:
            self.refuse("%s of %d bytes at %d: the flash has %d" % (verb, length, at, self.size))
        if at % unit or length % unit:
            self.refuse("%s of %d bytes at %d: not in units of %d" % (verb, length, at, unit))

    def _check_erased(self, at, length):
        if self.store.unsettled:
            for begin, mask in self.store.unsettled.items():
                if begin < at + length and at < begin + len(mask):
                    self.refuse("program of %d bytes at %d: the erase was never completed" % (length, at))
        while length:
            piece = min(length, self.erase_block)
            work, blank = self._pairs.get(piece) or self._pair(piece)
            self.store.readinto(at, work)
            if work != blank:
                self.refuse("program of %d bytes at %d: not erased" % (piece, at))
            at += piece
            length -= piece

    def _pair(self, length):
        self._pairs[length] = pair = (bytearray(length), b"\xff" * length)
        return pair

    def _shake(self, at, view):
        """Let the unsettled bits of `view`, read at `at`, be what they are this time."""
        end = at + len(view)
        for begin, mask in self.store.unsettled.items():
            for i in range(max(begin, at), min(begin + len(mask), end)):
                if mask[i - begin]:
                    view[i - at] &= ~(mask[i - begin] & self.store.noise()) & 0xFF
