"""ECDSA on P-256 (FIPS 186-5, SEC 1): verification only, of a digest that is given.

Plain ints, a point as (X, Y, Z) with x = X/Z^2 and y = Y/Z^3, infinity as Z = 0. No secret is here, so
the time it takes may depend on what it is given.
"""

from notedfu.const import const
from notedfu.curves import inverse, joint_digits

_P = const(0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF)
_N = const(0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551)
_B = const(0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B)
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def verify(key, digest, signature, tick):
    """True if `signature` over `digest` is by `key`.

    key: X and Y, 64 bytes. digest: 32 bytes. signature: in DER, in its one form. tick: called at most 250 ms
    apart. False for a key that is no point of the curve and for whatever else is not as it must be.
    """
    pair = _parse(signature)
    if pair is None or len(key) != 64 or len(digest) != 32:
        return False
    r, s = pair
    q = (int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big"))
    if not (0 < r < _N and 0 < s < _N and _on_curve(q)):
        return False
    w = inverse(s, _N)
    x, z = _combine(int.from_bytes(digest, "big") * w % _N, r * w % _N, q, tick)
    if z == 0:
        return False
    zz = z * z % _P
    return x == r * zz % _P or (r + _N < _P and x == (r + _N) * zz % _P)


def _parse(der):
    """Return (r, s) of SEQUENCE { INTEGER r, INTEGER s }, or None if that is not how `der` spells them."""
    n = len(der)
    if not 8 <= n <= 72 or der[0] != 0x30 or der[1] != n - 2:
        return None
    r, at = _parse_integer(der, 2)
    s, at = _parse_integer(der, at)
    return (r, s) if at == n else None


def _parse_integer(der, at):
    """Return a positive INTEGER without needless zeros and where it ends; (0, 0) for any other."""
    if at == 0 or at + 2 >= len(der) or der[at] != 2:
        return 0, 0
    start = at + 2
    end = start + der[at + 1]
    if start == end or end > len(der) or der[start] & 0x80:
        return 0, 0
    if der[start] == 0 and end - start > 1 and not der[start + 1] & 0x80:
        return 0, 0
    return int.from_bytes(der[start:end], "big"), end


def _on_curve(point):
    x, y = point
    return x < _P and y < _P and (y * y - (x * x - 3) * x - _B) % _P == 0


def _combine(u, v, q, tick):
    """Return X and Z of u*G + v*Q."""
    table = _table(q)
    digits = joint_digits(u, v)
    x = y = 1
    z = 0
    for at in range(len(digits) - 1, -1, -1):
        if z:
            x, y, z = _double(x, y, z)
        point = table[digits[at]]
        if point is not None:
            x, y, z = _add(x, y, z, point[0], point[1])
        if not at & 7:
            tick()
    return x, z


def _table(q):
    """The nine points that a place of joint_digits() adds; None for infinity."""
    both = _add_affine(_G, q)
    difference = _add_affine(_G, _negate(q))
    positive = (q, difference, _G, both)
    return tuple([_negate(point) for point in reversed(positive)]) + (None,) + positive


def _negate(point):
    return point and (point[0], _P - point[1])


def _add_affine(a, b):
    """a + b as (x, y), None for infinity."""
    if a[0] != b[0]:
        slope = (b[1] - a[1]) * inverse(b[0] - a[0], _P)
    elif a[1] == b[1]:
        slope = 3 * (a[0] * a[0] - 1) * inverse(2 * a[1], _P)
    else:
        return None
    slope %= _P
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _double(x, y, z):
    """Twice the point; dbl-2001-b of the Explicit-Formulas Database."""
    delta = z * z % _P
    gamma = y * y % _P
    beta = x * gamma % _P
    alpha = 3 * (x - delta) * (x + delta) % _P
    x = (alpha * alpha - (beta << 3)) % _P
    z = (y * z << 1) % _P
    return x, (alpha * ((beta << 2) - x) - (gamma * gamma << 3)) % _P, z


def _add(x1, y1, z1, x2, y2):
    """The point and the affine (x2, y2); madd of the Explicit-Formulas Database, exceptions included."""
    if z1 == 0:
        return x2, y2, 1
    zz = z1 * z1 % _P
    h = (x2 * zz - x1) % _P
    r = (y2 * (zz * z1 % _P) - y1) % _P
    if h == 0:
        return _double(x1, y1, z1) if r == 0 else (1, 1, 0)
    hh = h * h % _P
    hhh = hh * h % _P
    v = x1 * hh % _P
    x = (r * r - hhh - (v << 1)) % _P
    return x, (r * (v - x) - y1 * hhh) % _P, z1 * h % _P
