"""Seeded randomness that is the same on every interpreter (xorshift32)."""


class Chance:
    """A stream of numbers that depends on `seed` alone."""

    def __init__(self, seed):
        self._state = (seed & 0xFFFFFFFF) or 0x2545F491

    def below(self, limit):
        """A number from 0 to limit - 1."""
        x = self._state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self._state = x
        return (x >> 3) % limit

    def happens(self, rate):
        """True with probability `rate` (0.0 to 1.0)."""
        return self.below(1000000) < rate * 1000000
