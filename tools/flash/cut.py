"""Power cuts: at which operation, and what the chip holds afterwards."""

BEFORE = "before"  # the operation has not begun
AFTER = "after"  # it is through, the caller never learns of it
TORN = "torn"  # a prefix of the bytes is programmed, or a prefix of the block is erased
UNSETTLED = "unsettled"  # the bits under way read as 0 or 1, differently each time, until erased
WEAK = "weak"  # an erase that looks done, but a few bits read as 0 now and then; a program: as UNSETTLED

HOWS = (BEFORE, AFTER, TORN, UNSETTLED, WEAK)

# A weak program is left out: a commit whose crc is right today and wrong tomorrow is more than LittleFS (or
# any filesystem without ECC) can hold; measured, it then loses files it had listed.

_WEAK_BITS = 8


class PowerCut(BaseException):
    """Raised in in-process proofs where the power fails; nothing but the proof may catch it."""


class Cut:
    """The power fails at the `at_operation`-th erase or program (from 1) of a NorFlash, in the way `how`.

    The same `seed` gives the same damage.
    """

    def __init__(self, at_operation, how, seed=1):
        if how not in HOWS:
            raise ValueError("no such cut: %s" % how)
        self.at_operation = at_operation
        self.how = how
        self._state = (seed * 2654435761 & 0xFFFFFFFF) or 1

    def below(self, limit):
        """A seeded number from 0 to limit - 1."""
        x = self._state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self._state = x
        return (x >> 3) % limit

    def program(self, store, at, data, unit):
        """Leave in `store` what a cut while `data` is programmed at `at` leaves, in units of `unit` bytes."""
        if self.how == AFTER:
            store.write(at, data)
        elif self.how == TORN:
            store.write(at, data[: self.below(len(data) + 1)])
        elif self.how != BEFORE:
            done = self.below(len(data) // unit) * unit
            wanted = bytearray(data[done : done + unit])
            mask = self._unsettle_program(wanted)
            store.write(at, data[:done])
            store.write(at + done, wanted)
            if mask is not None:
                store.unsettle(at + done, mask)

    def _unsettle_program(self, unit):
        """The mask of bits left unsettled in `unit`, which gets ones there; None with less than two zeros.

        One zero at least is settled, so that a unit that was begun never looks erased.
        """
        zeros = [bit for bit in range(len(unit) * 8) if not unit[bit >> 3] >> (bit & 7) & 1]
        if len(zeros) < 2:
            return None
        zeros.pop(self.below(len(zeros)))
        mask = bytearray(len(unit))
        for bit in zeros:
            if self.below(4):
                mask[bit >> 3] |= 1 << (bit & 7)
                unit[bit >> 3] |= 1 << (bit & 7)
        return mask

    def erase(self, store, at, length):
        """Leave in `store` what a cut while the block at `at` is erased leaves."""
        if self.how == AFTER:
            store.settle(at, at + length)
            store.write(at, b"\xff" * length)
        elif self.how == TORN:
            store.write(at, b"\xff" * self.below(length + 1))
        elif self.how != BEFORE:
            store.settle(at, at + length)
            store.unsettle(at, self._unsettle_erase(store, at, length))

    def _unsettle_erase(self, store, at, length):
        """Write what is certain of a block whose erase was cut, and return the mask of what is not."""
        data = bytearray(length)
        store.readinto(at, memoryview(data))
        mask = bytearray(length)
        if self.how == WEAK:
            for _ in range(_WEAK_BITS):
                mask[self.below(length)] |= 1 << self.below(8)
            data = b"\xff" * length
        else:
            for i in range(length):
                kept = self.below(256) & self.below(256)  # a quarter of the zeros is still there
                mask[i] = ~data[i] & ~kept & 0xFF
                data[i] |= mask[i]
        store.write(at, data)
        return mask
