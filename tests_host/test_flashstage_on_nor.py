"""The flash region on the strict NOR model: power cut at every operation, and again in the recovery."""

from check import Random, code_of
from notedfu.errors import LocalError
from notedfu.flashstage import FlashStage
from tools.flash.blockdev import BlockDevice
from tools.flash.cut import HOWS, Cut, PowerCut
from tools.flash.nor import NorFlash
from tools.flash.store import MemoryStore
from virtual import VirtualTime

GEOMETRIES = ((512, 256, 6), (512, 16, 6), (4096, 256, 3), (256, 256, 12))
IMAGE = Random(5).bytes(2000)
PAGE = 256


def power_up(store, geometry, cut=None):
    nor = NorFlash(store, geometry[0], geometry[1])
    nor.cut = cut
    return nor


def stage_on(nor):
    return FlashStage(BlockDevice(nor), VirtualTime().clock(), nor.program_unit)


def go_on(nor, fresh):
    """Stage what is missing of the image. Returns where it began."""
    one = stage_on(nor)
    have = 0 if fresh else one.resume(len(IMAGE))
    assert content(one, have) == IMAGE[:have]
    if not have:
        one.begin(len(IMAGE))
    for at in range(have, len(IMAGE), PAGE):
        one.append(memoryview(IMAGE)[at : at + PAGE])
    one.commit()
    return have


def content(one, length):
    data = bytearray(length)
    view = memoryview(data)
    for at in range(0, length, 100):
        one.readinto(at, view[at : at + 100])
    return data


def run(store, geometry, fresh, cut=None):
    """Returns the chip, dead or through."""
    nor = power_up(store, geometry, cut)
    try:
        go_on(nor, fresh)
    except PowerCut:
        assert nor.dead
    assert nor.violation is None
    return nor


def older(geometry):
    """A region that an older image has filled."""
    return MemoryStore(bytearray(Random(8).bytes(geometry[0] * geometry[2])))


def check_complete(store, geometry):
    one = stage_on(power_up(store, geometry))
    one.reopen(len(IMAGE))
    assert content(one, len(IMAGE)) == IMAGE


def test_after_a_cut_anywhere_the_prefix_is_right_and_the_rest_follows():
    for geometry in GEOMETRIES:
        clean = run(older(geometry), geometry, True).operations
        for at in range(2, clean + 1):  # before the first erase is through, nothing was begun
            for number, how in enumerate(HOWS):
                store = older(geometry)
                assert run(store, geometry, True, Cut(at, how, at + number)).dead
                run(store, geometry, False)
                check_complete(store, geometry)


def test_after_a_second_cut_in_the_recovery_too():
    geometry = GEOMETRIES[0]
    clean = run(older(geometry), geometry, True).operations
    for at in range(2, clean + 1):
        for number, how in enumerate(HOWS):
            first = older(geometry)
            run(first, geometry, True, Cut(at, how, at + number))
            snapshot = first.snapshot()
            again = run(first, geometry, False).operations
            for second in range(1, again + 1):
                store = MemoryStore(bytearray(first.size))
                store.restore(snapshot)
                way = HOWS[(second + number) % len(HOWS)]
                assert run(store, geometry, False, Cut(second, way, second)).dead
                run(store, geometry, False)
                check_complete(store, geometry)


def test_a_reset_costs_two_blocks_at_most():
    for geometry in GEOMETRIES:
        clean = run(older(geometry), geometry, True).operations
        for at in range(2, clean + 1):
            store = older(geometry)
            nor = power_up(store, geometry, Cut(at, "before"))
            one = stage_on(nor)
            try:
                one.begin(len(IMAGE))
                for offset in range(0, len(IMAGE), PAGE):
                    one.append(memoryview(IMAGE)[offset : offset + PAGE])
            except PowerCut:
                pass
            have = stage_on(power_up(store, geometry)).resume(len(IMAGE))
            assert one.length - 2 * geometry[0] < have <= one.length


def test_each_block_is_erased_once_and_only_where_it_is_needed():
    for geometry in GEOMETRIES:
        nor = run(older(geometry), geometry, True)
        needed = (len(IMAGE) + geometry[0] - 1) // geometry[0]
        for block in range(geometry[2]):
            assert nor.erases[block] == (1 if block <= needed else 0), block


def test_a_bad_block_is_a_fault_of_the_board():
    for geometry in GEOMETRIES:
        nor = power_up(older(geometry), geometry)
        nor.bad_blocks = {0}
        assert code_of(LocalError, go_on, nor, True) == "flash-fault"
