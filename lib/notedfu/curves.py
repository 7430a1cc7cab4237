"""What both curves need to compute u*G + v*Q: an inverse, and the two scalars' digits side by side."""


def inverse(a, modulus):
    """1/a for a prime modulus and an `a` that is not 0 modulo it (extended Euclid)."""
    low, high = a % modulus, modulus
    x, y = 1, 0
    while low > 1:
        q, rest = divmod(high, low)
        x, y = y - q * x, x
        low, high = rest, low
    return x % modulus


def joint_digits(u, v):
    """Return u and v in their joint sparse form, lowest first: 3 * digit of u + digit of v + 4 at each place.

    Digits are -1, 0 or 1, and half of all places are 4: nothing to add there (Solinas, CORR 2001-41).
    """
    digits = bytearray(257)  # scalars of 256 bits and a carry
    carry_u = carry_v = 0
    for at in range(257):
        low_u = (u & 7) + carry_u & 7
        low_v = (v & 7) + carry_v & 7
        digit_u = _digit(low_u, low_v)
        digit_v = _digit(low_v, low_u)
        if 2 * carry_u == 1 + digit_u:
            carry_u = 1 - carry_u
        if 2 * carry_v == 1 + digit_v:
            carry_v = 1 - carry_v
        digits[at] = 3 * digit_u + digit_v + 4
        u >>= 1
        v >>= 1
    return digits


def _digit(low, other):
    if not low & 1:
        return 0
    digit = 2 - (low & 3)
    if low in (3, 5) and other & 3 == 2:
        return -digit
    return digit
