"""The strict NOR flash model, before it judges anything else."""

from check import raises
from tools.flash.blockdev import BlockDevice, FatDevice
from tools.flash.cut import AFTER, BEFORE, HOWS, TORN, UNSETTLED, WEAK, Cut, PowerCut
from tools.flash.nor import FlashViolation, NorFlash
from tools.flash.store import FileStore, MemoryStore

BLOCK = 1024
UNIT = 64


def chip(blocks=4):
    """A chip with zeros in it, as an old one has."""
    return NorFlash(bytearray(BLOCK * blocks), BLOCK, UNIT)


def content(nor, at, length):
    buf = bytearray(length)
    assert nor.readinto(at, memoryview(buf)) == 0
    return bytes(buf)


def after_cut(how, seed, act, blocks=4):
    """The chip at the next boot, after `act(nor)` was cut at its second operation (the first is an erase)."""
    nor = chip(blocks)
    nor.erase(1)
    nor.cut = Cut(2, how, seed)
    raises(PowerCut, act, nor)
    assert nor.dead
    return NorFlash(nor.store, BLOCK, UNIT)


def test_erase_makes_ones_of_its_block_alone():
    nor = chip()
    assert nor.erase(1) == 0
    assert content(nor, 0, 4 * BLOCK) == bytes(BLOCK) + b"\xff" * BLOCK + bytes(2 * BLOCK)


def test_a_program_is_read_back():
    nor = chip()
    nor.erase(0)
    assert nor.program(UNIT, b"ab" * UNIT) == 0
    assert content(nor, 0, 4 * UNIT) == b"\xff" * UNIT + b"ab" * UNIT + b"\xff" * UNIT


def test_a_program_of_what_is_not_erased_is_a_violation():
    nor = chip()
    raises(FlashViolation, nor.program, 0, bytes(UNIT))
    nor.erase(0)
    nor.program(0, b"\xfe" * UNIT)
    raises(FlashViolation, nor.program, 0, bytes(UNIT))
    raises(FlashViolation, nor.program, 0, b"\xfe" * UNIT)  # the same again is no better
    assert content(nor, 0, UNIT) == b"\xfe" * UNIT


def test_one_zero_bit_at_the_end_of_a_long_program_is_seen():
    nor = chip()
    for block in range(4):
        nor.erase(block)
    nor.program(4 * BLOCK - UNIT, b"\xff" * (UNIT - 1) + b"\x7f")
    raises(FlashViolation, nor.program, BLOCK, bytes(3 * BLOCK))


def test_misalignment_is_a_violation():
    nor = chip()
    nor.erase(0)
    raises(FlashViolation, nor.program, 1, bytes(UNIT))
    raises(FlashViolation, nor.program, 0, bytes(UNIT - 1))


def test_an_access_beyond_the_chip_is_a_violation():
    nor = chip()
    raises(FlashViolation, nor.erase, 4)
    raises(FlashViolation, nor.erase, -1)
    raises(FlashViolation, nor.program, 4 * BLOCK, bytes(UNIT))
    raises(FlashViolation, nor.readinto, 4 * BLOCK - 1, memoryview(bytearray(2)))
    raises(FlashViolation, nor.readinto, -1, memoryview(bytearray(1)))


def test_a_violation_is_no_exception_that_code_may_swallow_unseen():
    nor = chip()
    assert not issubclass(FlashViolation, Exception)
    raises(FlashViolation, nor.program, 0, bytes(UNIT))
    raises(FlashViolation, nor.erase, 9)
    assert nor.violation == "program of 64 bytes at 0: not erased"


def test_operations_erases_and_bytes_are_counted():
    nor = chip()
    nor.erase(2)
    nor.erase(2)
    nor.erase(3)
    nor.program(2 * BLOCK, bytes(3 * UNIT))
    assert list(nor.erases) == [0, 0, 2, 1]
    assert (nor.operations, nor.programmed_bytes) == (4, 3 * UNIT)


def test_a_geometry_that_does_not_divide_is_refused():
    raises(ValueError, NorFlash, bytearray(1000), 512, 64)
    raises(ValueError, NorFlash, bytearray(1024), 512, 100)


def test_a_dead_chip_answers_minus_five_for_ever():
    nor = chip()
    nor.cut = Cut(1, AFTER)
    raises(PowerCut, nor.erase, 0)
    device, fat = BlockDevice(nor), FatDevice(nor)
    for _ in range(2):
        assert nor.erase(0) == nor.erase(99) == nor.program(1, b"x") == -5
        assert nor.readinto(-1, memoryview(bytearray(1))) == -5
        for view in (device, fat):
            assert view.readblocks(99, bytearray(1)) == view.writeblocks(99, b"x") == -5
            assert [view.ioctl(op, 0) for op in range(1, 7)] == [-5] * 6
    assert device.writeblocks(99, b"x", 3) == -5
    assert nor.operations == 1


def test_the_power_can_fail_between_operations():
    nor = chip()
    nor.power_off()
    assert nor.erase(0) == -5
    assert content(NorFlash(nor.store, BLOCK, UNIT), 0, BLOCK) == bytes(BLOCK)


def test_a_handler_that_returns_leaves_minus_five():
    heard = []
    nor = NorFlash(bytearray(BLOCK), BLOCK, UNIT, on_power_cut=lambda: heard.append(1))
    nor.cut = Cut(1, BEFORE)
    assert nor.erase(0) == -5
    assert heard == [1]


def test_before_and_after_are_what_they_say():
    program = bytes(range(UNIT))
    assert (
        content(after_cut(BEFORE, 1, lambda nor: nor.program(BLOCK, program)), BLOCK, UNIT) == b"\xff" * UNIT
    )
    assert content(after_cut(AFTER, 1, lambda nor: nor.program(BLOCK, program)), BLOCK, UNIT) == program
    assert content(after_cut(BEFORE, 1, lambda nor: nor.erase(0)), 0, BLOCK) == bytes(BLOCK)
    assert content(after_cut(AFTER, 1, lambda nor: nor.erase(0)), 0, BLOCK) == b"\xff" * BLOCK


def test_a_torn_program_leaves_any_prefix():
    program = bytes(range(UNIT))
    lengths = set()
    for seed in range(1, 1500):
        nor = after_cut(TORN, seed, lambda nor: nor.program(BLOCK, program))
        left = content(nor, BLOCK, UNIT)
        length = len([1 for byte in left if byte != 0xFF])
        assert left == program[:length] + b"\xff" * (UNIT - length)
        lengths.add(length)
    assert lengths == set(range(UNIT + 1))


def test_a_torn_erase_leaves_a_prefix_of_ones():
    prefixes = set()
    for seed in range(1, 50):
        left = content(after_cut(TORN, seed, lambda nor: nor.erase(0)), 0, BLOCK)
        prefix = len([1 for byte in left if byte == 0xFF])
        assert left == b"\xff" * prefix + bytes(BLOCK - prefix)
        prefixes.add(prefix)
    assert len(prefixes) > 30


def test_an_unsettled_unit_reads_differently_until_erased():
    data = bytes(UNIT) + bytes(range(UNIT))
    for how in (UNSETTLED, WEAK):
        torn = 0
        for seed in range(1, 20):
            nor = after_cut(how, seed, lambda nor: nor.program(BLOCK, data))
            reads = set(content(nor, BLOCK, 2 * UNIT) for _ in range(30))
            assert len(reads) > 1
            assert b"\xff" * 2 * UNIT not in reads
            for read in reads:  # no bit is 0 that was not to be programmed
                assert not any(~a & b & 0xFF for a, b in zip(read, data))
            torn |= 1 if content(nor, BLOCK, UNIT) != bytes(UNIT) else 2
            raises(FlashViolation, nor.program, BLOCK, data)
            nor.erase(1)
            assert content(nor, BLOCK, BLOCK) == b"\xff" * BLOCK
            nor.program(BLOCK, data)
            assert content(nor, BLOCK, 2 * UNIT) == data
        assert torn == 3  # the first unit and the second one were hit


def test_an_unsettled_block_reads_differently_until_erased():
    nor = after_cut(UNSETTLED, 5, lambda nor: nor.erase(0))
    assert len(set(content(nor, 0, BLOCK) for _ in range(5))) == 5
    assert content(nor, BLOCK, BLOCK) == b"\xff" * BLOCK
    raises(FlashViolation, nor.program, 0, bytes(UNIT))
    nor.erase(0)
    assert set(content(nor, 0, BLOCK) for _ in range(5)) == set([b"\xff" * BLOCK])
    assert nor.program(0, bytes(UNIT)) == 0


def test_a_weakly_erased_block_may_look_erased_and_is_not():
    nor = after_cut(WEAK, 5, lambda nor: nor.erase(0))
    reads = [content(nor, 0, BLOCK) for _ in range(3000)]
    assert b"\xff" * BLOCK in reads
    assert len(set(reads)) > 10
    raises(FlashViolation, nor.program, 0, b"\xff" * BLOCK)


def test_the_next_boots_see_the_same_damage():
    nor = after_cut(UNSETTLED, 7, lambda nor: nor.erase(0))
    again = NorFlash(nor.store, BLOCK, UNIT)
    assert len(set(content(again, 0, BLOCK) for _ in range(5))) == 5


def test_a_seed_repeats_its_damage():
    for how in HOWS:
        kept = []
        for seed in (3, 3, 4):
            nor = after_cut(how, seed, lambda nor: nor.program(BLOCK, bytes(4 * UNIT)))
            kept.append(nor.store.snapshot())
        assert kept[0] == kept[1]
        assert kept[0] != kept[2] or how in (BEFORE, AFTER)


def test_a_snapshot_brings_bytes_and_damage_back():
    store = MemoryStore(bytearray(BLOCK * 2))
    first = store.snapshot()
    nor = NorFlash(store, BLOCK, UNIT)
    nor.cut = Cut(1, UNSETTLED)
    raises(PowerCut, nor.erase, 0)
    second = store.snapshot()
    store.restore(first)
    assert content(NorFlash(store, BLOCK, UNIT), 0, 2 * BLOCK) == bytes(2 * BLOCK)
    store.restore(second)
    assert store.snapshot() == second
    assert second != first


def test_a_bad_block_erases_not_and_programs_nothing():
    nor = chip()
    nor.bad_blocks.add(1)
    assert nor.erase(1) == -5
    assert nor.program(BLOCK, b"\xaa" * UNIT) == 0
    assert content(nor, BLOCK, BLOCK) == bytes(BLOCK)
    assert nor.erase(0) == 0


def test_no_such_cut_is_refused():
    raises(ValueError, Cut, 1, "sideways")


def test_the_block_device_stays_in_its_range():
    nor = chip()
    device = BlockDevice(nor, 1, 2)
    assert (device.ioctl(4, 0), device.ioctl(5, 0)) == (2, BLOCK)
    assert device.ioctl(6, 1) == 0
    assert list(nor.erases) == [0, 0, 1, 0]
    assert device.writeblocks(1, b"z" * UNIT, 2 * UNIT) == 0
    assert content(nor, 2 * BLOCK + 2 * UNIT, UNIT) == b"z" * UNIT
    buf = bytearray(UNIT)
    assert device.readblocks(1, buf, 2 * UNIT) == 0
    assert buf == b"z" * UNIT
    raises(FlashViolation, device.ioctl, 6, 2)
    raises(FlashViolation, device.readblocks, -1, buf)
    raises(FlashViolation, device.readblocks, 1, buf, BLOCK - UNIT + 1)
    raises(FlashViolation, device.writeblocks, 2, buf, 0)
    assert [device.ioctl(op, 0) for op in (1, 2, 3)] == [0, 0, 0]
    assert device.ioctl(77, 0) < 0


def test_the_short_write_erases_and_the_long_one_never():
    device = BlockDevice(chip())
    assert device.writeblocks(0, b"a" * (2 * BLOCK)) == 0
    assert device.writeblocks(0, b"b" * BLOCK) == 0
    raises(FlashViolation, device.writeblocks, 0, b"c" * UNIT, 0)
    raises(FlashViolation, device.writeblocks, 2, b"c" * UNIT)
    buf = bytearray(2 * BLOCK)
    device.readblocks(0, buf)
    assert buf == b"b" * BLOCK + b"a" * BLOCK


def test_fat_sectors_are_written_in_place_and_flushed_by_sync():
    nor = chip()
    fat = FatDevice(nor, 1, 2)
    assert (fat.ioctl(4, 0), fat.ioctl(5, 0)) == (4, 512)
    assert fat.writeblocks(1, b"s" * 512) == 0
    assert nor.operations == 0
    buf = bytearray(1024)
    fat.readblocks(0, buf)
    assert buf == bytes(512) + b"s" * 512
    assert fat.ioctl(3, 0) == 0
    assert fat.ioctl(3, 0) == 0
    assert nor.operations == 2
    assert content(nor, BLOCK, BLOCK) == bytes(512) + b"s" * 512
    raises(FlashViolation, fat.writeblocks, 0, bytes(500))


def test_a_sector_beyond_the_device_is_an_error_as_a_torn_fat_may_name_one():
    nor = chip()
    fat = FatDevice(nor, 1, 2)
    assert fat.writeblocks(4, bytes(512)) == -5
    assert fat.readblocks(3, bytearray(1024)) == -5
    assert fat.readblocks(1 << 28, bytearray(512)) == -5
    assert fat.readblocks(-1, bytearray(512)) == -5
    assert nor.violation is None


def test_fat_flushes_one_block_when_another_is_written():
    nor = chip()
    fat = FatDevice(nor)
    assert fat.writeblocks(1, b"abcd" * 512) == 0  # the ends of two blocks and all of the one between
    assert content(nor, 0, 512) == bytes(512)
    assert content(nor, 512, 512) == b"abcd" * 128
    fat.ioctl(3, 0)
    assert content(nor, 0, 4 * BLOCK) == bytes(512) + b"abcd" * 512 + bytes(4 * BLOCK - 2560)


def test_a_cut_between_erase_and_program_tears_the_neighbour_sector_too():
    nor = chip()
    fat = FatDevice(nor)
    nor.cut = Cut(1, AFTER)
    fat.writeblocks(1, b"s" * 512)
    raises(PowerCut, fat.ioctl, 3, 0)
    assert content(NorFlash(nor.store, BLOCK, UNIT), 0, BLOCK) == b"\xff" * BLOCK


class FakeFile:
    """What FileStore uses of a file, over bytes that stay when it is opened again."""

    def __init__(self, data):
        self.data = data
        self._at = 0

    def seek(self, at):
        self._at = at

    def read(self):
        return bytes(self.data[self._at :])

    def readinto(self, view):
        part = self.data[self._at : self._at + len(view)]
        view[: len(part)] = part
        return len(part)

    def write(self, data):
        end = self._at + len(data)
        if end > len(self.data):
            self.data.extend(bytes(end - len(self.data)))
        self.data[self._at : end] = bytes(data)


def test_a_flash_file_keeps_bytes_and_damage():
    data = bytearray(2 * BLOCK)
    nor = NorFlash(FileStore(FakeFile(data), 2 * BLOCK), BLOCK, UNIT)
    nor.erase(0)
    nor.program(0, b"ab" * UNIT)
    assert data == b"ab" * UNIT + b"\xff" * (BLOCK - 2 * UNIT) + bytes(BLOCK)
    nor.cut = Cut(3, UNSETTLED)
    raises(PowerCut, nor.erase, 1)
    for boot in range(3):
        nor = NorFlash(FileStore(FakeFile(data), 2 * BLOCK), BLOCK, UNIT)
        assert content(nor, 0, 2 * UNIT) == b"ab" * UNIT
        reads = set(content(nor, BLOCK, BLOCK) for _ in range(5))
        assert len(reads) == (5 if boot < 2 else 1)
        if boot == 1:
            nor.erase(1)
    nor.cut = Cut(1, UNSETTLED)
    raises(PowerCut, nor.erase, 0)
    nor = NorFlash(FileStore(FakeFile(data), 2 * BLOCK), BLOCK, UNIT)
    assert len(set(content(nor, 0, BLOCK) for _ in range(5))) == 5
    raises(ValueError, FileStore(FakeFile(bytearray(5)), BLOCK).readinto, 0, bytearray(6))
