"""SHA-512 (FIPS 180-4) for Ed25519: MicroPython's hashlib has none. For short messages."""

_MASK = 0xFFFFFFFFFFFFFFFF


def sha512(data):
    """Return the 64-byte digest of `data`, of which it makes a padded copy."""
    length = len(data)
    data += b"\x80" + bytes((111 - length) % 128) + (8 * length).to_bytes(16, "big")
    state = list(_fractions(8, 2))
    for at in range(0, len(data), 128):
        words = [int.from_bytes(data[i : i + 8], "big") for i in range(at, at + 128, 8)]
        state = [(a + b) & _MASK for a, b in zip(state, _rounds(state, words))]
    return b"".join([word.to_bytes(8, "big") for word in state])


def _rounds(state, words):
    """The state after 80 rounds; `words`, the block's 16, is used up."""
    a, b, c, d, e, f, g, h = state
    at = 0
    for constant in _fractions(80, 3):
        w = words[at & 15]
        x = e | e << 64  # shifted right, its lower half is e rotated; sums are masked at the end
        t = h + (x >> 14 ^ x >> 18 ^ x >> 41) + (g ^ e & (f ^ g)) + constant + w
        x = a | a << 64
        h, g, f, e = g, f, e, d + t & _MASK
        d, c, b, a = c, b, a, t + (x >> 28 ^ x >> 34 ^ x >> 39) + (a & b | c & (a | b)) & _MASK
        y = words[at + 1 & 15]
        x = y | y << 64
        w += words[at + 9 & 15] + (x >> 1 ^ x >> 8 ^ y >> 7)
        y = words[at + 14 & 15]
        x = y | y << 64
        words[at & 15] = w + (x >> 19 ^ x >> 61 ^ y >> 6) & _MASK
        at += 1
    return a, b, c, d, e, f, g, h


def _fractions(count, degree):
    """Yield 64 bits behind the point of the first `count` primes' roots: the standard's constants.

    Computed each time: as a table they would cost 640 bytes of code and five times that in RAM.
    """
    prime = 1
    root = 1 << 64
    while count:
        prime += 1
        for divisor in range(2, 21):  # enough for primes below 23 squared
            if prime % divisor == 0 and prime != divisor:
                break
        else:
            root = _root(prime << 64 * degree, degree, root)
            yield root & _MASK
            count -= 1


def _root(n, degree, guess):
    """The integer root of n by Newton's method, from a guess that is below it."""
    root = ((degree - 1) * guess + n // guess ** (degree - 1)) // degree
    while True:
        guess = ((degree - 1) * root + n // root ** (degree - 1)) // degree
        if guess >= root:
            return root
        root = guess
