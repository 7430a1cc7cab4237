from binascii import crc32

from check import Random, splits
from notedfu import bootcrc, glance

DATA = Random(6).bytes(40)


def test_both_ways_are_the_usual_crc_32():
    for function in (glance.crc32, bootcrc.by_table):
        assert function(b"123456789") == 0xCBF43926
        assert function(b"") == 0
        for head, tail in splits(DATA):
            assert function(tail, function(head)) == crc32(DATA)
