"""Ed25519 (RFC 8032), plain: verification only, of a short message.

Plain ints, a point as (X, Y, Z, T) with x = X/Z, y = Y/Z and x*y = T/Z. No secret is here, so the time
it takes may depend on what it is given.
"""

from notedfu.curves import inverse, joint_digits
from notedfu.sha512 import sha512

_P = (1 << 255) - 19
_MASK = (1 << 255) - 1
_L = (1 << 252) + 27742317777372353535851937790883648493
_D = 0x52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3
_ROOT = 0x2B8324804FC1DF0B2B4D00993DFBD7A72F431806AD2FE478C4EE1B274A0EA0B0  # of -1
_BASE = (
    0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A,
    0x6666666666666666666666666666666666666666666666666666666666666658,
)


def verify(key, message, signature, tick):
    """True if `signature` over `message` is by `key`.

    key: 32 bytes. message: for an image the 32 bytes of its digest. signature: 64 bytes. tick: called at most
    250 ms apart. Demands S < L, canonical encodings, a key of large order, and S*B = R + h*A without
    a cofactor.
    """
    if len(key) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    a = _decode(key)
    if s >= _L or a is None:
        return False
    tick()
    r = bytes(signature[:32])
    h = int.from_bytes(sha512(r + key + message), "little") % _L
    tick()
    return _combine(s, h, (_P - a[0], a[1]), tick) == r


def _decode(raw):
    """The point (x, y) that 32 bytes stand for; None if there is none, or one of order 1, 2, 4 or 8.

    With a key of such an order signatures can be made that hold without its secret.
    """
    y = int.from_bytes(raw, "little")
    odd = y >> 255
    y &= _MASK
    if y >= _P:
        return None
    u = y * y - 1
    v = (_D * y * y + 1) % _P
    v3 = v * v * v % _P
    x = u * v3 * _power(u * v3 * v3 * v % _P) % _P
    if (v * x * x - u) % _P:
        x = x * _ROOT % _P
    if (v * x * x - u) % _P:
        return None
    if x * y * (x * x + y * y) % _P == 0:
        return None
    return x if x & 1 == odd else _P - x, y


def _power(x):
    """x to the (P - 5) / 8, which is 2^252 - 3."""
    result = x
    ones = 1  # result is x to the 2^ones - 1
    for bit in (1, 1, 1, 1, 0, 1, 0):
        again = result
        for _ in range(ones):
            again = again * again % _P
        result = again * result % _P
        ones *= 2
        if bit:
            result = result * result * x % _P
            ones += 1
    result = result * result % _P
    return result * result * x % _P


def _combine(u, v, q, tick):
    """u*B + v*Q, encoded."""
    table = _table(q)
    digits = joint_digits(u, v)
    x = 0
    y = z = 1
    for at in range(len(digits) - 1, -1, -1):
        # twice the point: dbl-2008-hwcd of the Explicit-Formulas Database, all signs turned
        a = _fold(x * x)
        b = _fold(y * y)
        e = _fold(x * y << 1)
        g = b - a
        f = _fold(z * z << 1) - g
        h = a + b
        x = _fold(e * f) % _P
        y = _fold(g * h) % _P
        z = _fold(f * g) % _P
        point = table[digits[at]]
        if point is not None:
            # madd-2008-hwcd-3; T is needed here alone
            c = _fold((_fold(e * h) % _P) * point[2])
            a = _fold((y - x) * point[0])
            b = _fold((y + x) * point[1])
            e = b - a
            h = b + a
            g = (z << 1) + c
            f = (z << 1) - c
            x = _fold(e * f) % _P
            y = _fold(g * h) % _P
            z = _fold(f * g) % _P
        if not at & 7:
            tick()
    z = inverse(z, _P)
    return (y * z % _P | (x * z % _P & 1) << 255).to_bytes(32, "little")


def _fold(n):
    """n modulo P, but not all the way: about half as many bits as n has."""
    return (n & _MASK) + 19 * (n >> 255)


def _table(q):
    """What each place of joint_digits() adds, as (y - x, y + x, 2 * D * x * y); None for nothing."""
    (x1, y1), (x2, y2) = _BASE, q
    t = _D * (x1 * x2 * y1 * y2 % _P) % _P
    i = inverse(1 - t * t, _P)
    plus, minus = i * (1 - t), i * (1 + t)  # 1 / (1 + t), 1 / (1 - t)
    both = (x1 * y2 + y1 * x2) * plus % _P, (y1 * y2 + x1 * x2) * minus % _P
    difference = (x1 * y2 - y1 * x2) * minus % _P, (y1 * y2 - x1 * x2) * plus % _P
    positive = [((y - x) % _P, (y + x) % _P, 2 * _D * x * y % _P) for x, y in (q, difference, _BASE, both)]
    return [(b, a, _P - k) for a, b, k in reversed(positive)] + [None] + positive
