from notedfu.curves import inverse
from notedfu.p256 import verify

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
GX = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
GY = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5

# RFC 6979 A.2.5: the message "sample", SHA-256
KEY = bytes.fromhex(
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
DIGEST = bytes.fromhex("af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf")
R = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
S = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8


def nothing():
    pass


def integer(n):
    raw = n.to_bytes(33, "big")
    while len(raw) > 1 and raw[0] == 0 and raw[1] < 0x80:
        raw = raw[1:]
    return b"\x02" + bytes([len(raw)]) + raw


def der(r, s):
    body = integer(r) + integer(s)
    return b"\x30" + bytes([len(body)]) + body


def raw(x, y):
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def good(signature, key=KEY, digest=DIGEST):
    return verify(key, digest, signature, nothing)


def test_the_example_of_rfc_6979_is_good():
    assert good(der(R, S)) is True


def test_another_digest_key_or_signature_is_not_good():
    assert not good(der(R, S), digest=bytes(32))
    assert not good(der(R, S), key=raw(GX, GY))
    assert not good(der(R, S - 1))
    assert not good(der(R - 1, S))
    assert not good(der(S, R))


def test_the_other_root_of_a_signature_is_good_as_ecdsa_has_it():
    assert good(der(R, N - S))


def test_r_and_s_out_of_range_are_not_good():
    for wrong in (0, N, N + R, (1 << 256) - 1):
        assert not good(der(wrong, S))
        assert not good(der(R, wrong))
    assert not good(der(R, S + N))


def test_der_has_one_form():
    right = der(R, S)
    body = right[2:]
    r, s = integer(R), integer(S)
    wrong = [
        right + b"\0",
        right[:-1],
        b"\x31" + right[1:],
        b"\x30\x81" + right[1:],
        b"\x30\x80" + body + b"\0\0",
        b"\x30" + bytes([right[1] - 1]) + body,
        b"\x30" + bytes([right[1] + 1]) + body,
        b"\x30" + bytes([len(r) + len(s) + 1]) + b"\x02" + bytes([r[1] + 1, 0]) + r[2:] + s,
        b"\x30" + bytes([len(r) + len(s) - 1]) + b"\x02" + bytes([r[1] - 1]) + r[3:] + s,
        b"\x30" + bytes([len(r) + len(s) + 1]) + b"\x02\x81" + r[1:] + s,
        b"\x30" + bytes([len(r) + len(s)]) + b"\x03" + r[1:] + s,
        b"\x30" + bytes([len(r) + len(s)]) + r + b"\x03" + s[1:],
        b"\x30" + bytes([len(r) + len(s)]) + r + b"\x02" + bytes([s[1] + 1]) + s[2:],
        b"\x30" + bytes([len(r) + 2]) + r + b"\x02\x00",
        b"\x30" + bytes([len(r)]) + r,
        b"",
        b"\x30",
        b"\x30\x00",
        b"\x30" + bytes([right[1]]) + r + integer(S >> 8) + b"\0",
    ]
    for signature in wrong:
        assert not good(signature), signature
    for end in range(len(right)):
        assert not good(right[:end])


def test_der_has_no_needless_zero_and_no_rest():
    x, y = point_near(5)
    key = raw(x, y)
    short = integer(x)
    assert short == b"\x02\x01\x05"
    assert good(b"\x30\x06" + short + short, key=key, digest=bytes(32))
    longer = b"\x02\x02\x00\x05"
    for body in (
        longer + short,
        short + longer,
        short + short + b"\0",
        short + short + short,
        b"\0" + short * 2,
    ):
        assert not good(b"\x30" + bytes([len(body)]) + body, key=key, digest=bytes(32)), body


def test_a_key_that_is_no_point_is_not_good():
    x, y = KEY[:32], KEY[32:]
    for key in (x, x + y[:-1], x + y + b"\0", y + x, bytes(64), bytes(63) + b"\1", b"\xff" * 64):
        assert not good(der(R, S), key=key)
    shifted = raw(int.from_bytes(x, "big"), (int.from_bytes(y, "big") + 1) % P)
    assert not good(der(R, S), key=shifted)


def point_near(x):
    """The first point of the curve with this x or a larger one."""
    while True:
        square = (x * x * x - 3 * x + B) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            return x, y
        x += 1


def add(a, b):
    """a + b by the schoolbook; None is infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and a[1] != b[1]:
        return None
    if a == b:
        slope = 3 * (a[0] * a[0] - 1) * inverse(2 * a[1], P)
    else:
        slope = (b[1] - a[1]) * inverse(b[0] - a[0], P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def good_for_nothing(r, key, times=1, s=None):
    """Whether (r, s) is taken over the digest 0, which anyone can sign: r is x of `times` * key."""
    return good(der(r, r * inverse(times, N) % N if s is None else s), key=key, digest=bytes(32))


def test_a_key_must_lie_on_the_curve():
    x, y = point_near(5)
    assert good_for_nothing(x, raw(x, y))
    assert not good_for_nothing(x, raw(x, y + 1))
    assert not good_for_nothing(x, raw(x + 1, y))


def test_coordinates_must_be_below_p():
    x, y = point_near(5)
    twice = add((x, y), (x, y))[0]
    assert good_for_nothing(twice, raw(x, y), 2)
    assert not good_for_nothing(twice, raw(x + P, y), 2)


def test_r_is_x_modulo_the_order_and_nothing_else():
    x, y = point_near(N + 1)
    assert good_for_nothing(x - N, raw(x, y))
    assert not good_for_nothing(x, raw(x, y), s=x - N)
    x, y = point_near(5)
    assert not good_for_nothing(x + P - N, raw(x, y))


def test_sums_that_meet_themselves_or_nothing_are_right():
    """u*G + v*k*G for small numbers: adding meets equal and opposite points, and infinity."""
    multiples = {0: None}
    for k in range(1, 30):
        multiples[k] = add(multiples[k - 1], (GX, GY))
        multiples[-k] = (multiples[k][0], P - multiples[k][1])
    for k in (1, 2, 3, -1, -2, -3):
        key = raw(*multiples[k])
        for u in range(7):
            for v in range(1, 8):
                total = multiples[u + k * v]
                r = GX if total is None else total[0]
                s = r * inverse(v, N) % N
                digest = (u * s % N).to_bytes(32, "big")
                assert good(der(r % N, s), key=key, digest=digest) is (total is not None), (k, u, v)


def test_ticks_come_often():
    count = [0]

    def tick():
        count[0] += 1

    assert verify(KEY, DIGEST, der(R, S), tick)
    assert count[0] >= 32
