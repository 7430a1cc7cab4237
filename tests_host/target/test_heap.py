"""The steady state of a download allocates nothing where there is viper."""

from array import array
from binascii import b2a_base64

import micropython

from chain import Chain
from check import Random
from notedfu import fast
from notedfu.b64 import portable_decode
from notedfu.cobs import CobsDecoder, portable_frame
from notedfu.crc32 import Crc32, StateCrc32, table_update


def locked(function, times):
    """Call function() so often under heap_lock(); what it returned last."""
    result = function()  # once before: names that are looked up for the first time may allocate
    micropython.heap_lock()
    try:
        for _ in range(times):
            result = function()
    finally:
        micropython.heap_unlock()
    return result


def test_viper_is_what_is_used_here():
    assert Crc32 is StateCrc32
    assert Crc32()._kernel is fast.crc32_update
    assert CobsDecoder(bytearray(1))._kernel is fast.cobs_frame


def test_pages_pass_with_the_heap_locked():
    for size in (1024, 4096):
        chain = Chain(size, StateCrc32, fast.b64_decode)
        assert locked(chain.run, 20)
        assert bytes(chain.page) == chain.data


def test_the_lock_shows_what_allocates():
    chain = Chain(256, StateCrc32, portable_decode)
    try:
        locked(chain.run, 1)
    except MemoryError:
        return
    raise AssertionError("portable base64 has passed with the heap locked")


def test_cobs_frames_pass_with_the_heap_locked_with_either_kernel():
    frame = bytearray(byte ^ 10 for byte in b"\xff" + bytes(range(1, 255)) + b"\x01\x01\x05abcd")
    for kernel in (fast.cobs_frame, portable_frame):
        decoder = CobsDecoder(bytearray(400), kernel)

        def run(decoder=decoder):
            decoder.begin(400)
            decoder.feed(frame, 0, 100)
            decoder.feed(frame, 100, len(frame))
            return decoder.finish()

        assert locked(run, 10) == 260


def test_the_table_crc_passes_with_the_heap_locked():
    total = StateCrc32(table_update)

    def run():
        total.reset()
        total.update(b"123456789", 0, 9)
        return total.matches_hex(b"CBF43926", 0)

    assert locked(run, 10)


def test_every_number_of_a_viper_function_is_small_whatever_comes():
    random = Random(3)
    out = bytearray(400)
    words = array("i", (0, 0, 0, 0))
    for _ in range(300):
        data = random.bytes(random.below(300))
        if random.below(2):
            data = b2a_base64(data)
        for kernel in (fast.b64_decode, fast.cobs_frame):
            for i in range(4):
                words[i] = 0
            result = kernel(words, data, 0, len(data), out, random.below(400))
            assert -2 <= result <= len(data)
            assert 0 <= min(words) <= max(words) < 1 << 30
        assert fast.crc32_update(bytearray(4), data, 0, len(data)) is None
