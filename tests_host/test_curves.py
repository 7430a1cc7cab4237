from check import Random
from notedfu.curves import inverse, joint_digits

MODULUS = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def numbers():
    """Numbers of 256 bits: the edges, and some between."""
    random = Random(7)
    yield from (1, 2, 3, 0xFF, (1 << 256) - 1, 1 << 255, MODULUS - 1, MODULUS + 1, int("55" * 32, 16))
    for _ in range(20):
        yield int.from_bytes(random.bytes(32), "big")


def test_a_number_times_its_inverse_is_one():
    for a in numbers():
        assert a * inverse(a, MODULUS) % MODULUS == 1
        assert -a * inverse(-a, MODULUS) % MODULUS == 1


def test_joint_digits_stand_for_both_numbers():
    for u in numbers():
        for v in [0, u] + list(numbers()):
            digits = joint_digits(u, v)
            a = b = 0
            for digit in reversed(digits):
                a = 2 * a + digit // 3 - 1
                b = 2 * b + digit % 3 - 1
            assert (a, b) == (u, v)


def test_half_of_the_joint_digits_are_nothing_to_add():
    """Of either number alone it is two thirds, which would leave four ninths for both."""
    empty = total = 0
    random = list(numbers())[-20:]
    for u in random:
        for v in random:
            if u != v:
                digits = joint_digits(u, v)
                total += len(digits)
                for digit in digits:
                    empty += digit == 4
    assert empty > 0.48 * total
