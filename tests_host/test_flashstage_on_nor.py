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


def cost(geometry, page, cut):
    """Bytes fetched for nothing by a cut in a download in pages of `page` bytes, and by one in what follows.

    Nothing of what is fetched counts as staged before append() is back.
    """
    store = older(geometry)
    had = 0
    lost = []
    for fresh in (True, False):
        one = stage_on(power_up(store, geometry, cut if fresh else Cut(1 + cut.at_operation % 4, cut.how, 7)))
        fetched = 0
        try:
            if fresh:
                one.begin(len(IMAGE))
            else:
                have = one.resume(len(IMAGE))
                lost.append(had - have)
                assert content(one, have) == IMAGE[:have]
                if not have:
                    one.begin(len(IMAGE))
            had = fetched = one.length
            for offset in range(one.length, len(IMAGE), page):
                fetched = min(offset + page, len(IMAGE))
                one.append(memoryview(IMAGE)[offset:fetched])
        except PowerCut:
            pass
        had = max(had, fetched)
    last = stage_on(power_up(store, geometry))
    lost.append(had - last.resume(len(IMAGE)))
    return lost


def test_a_reset_costs_a_page_at_most_or_a_block_where_that_is_larger():
    for geometry in GEOMETRIES:
        for page in (256, 512, 1024, 4096):
            clean = run(older(geometry), geometry, True).operations
            most = 0
            for at in range(2, clean + 1):
                for number, how in enumerate(HOWS):
                    lost = cost(geometry, page, Cut(at, how, at + number))
                    assert max(lost) <= max(page, geometry[0]), (geometry, page, at, how, lost)
                    most = max(most, lost[0])
            assert most >= min(page, len(IMAGE))


def test_each_block_is_erased_twice_and_only_where_it_is_needed():
    for geometry in GEOMETRIES:
        nor = run(older(geometry), geometry, True)
        needed = (len(IMAGE) + geometry[0] - 1) // geometry[0]
        for block in range(geometry[2]):
            most = 2 if 1 < block < needed else 1 if block in (0, 1, needed) and needed > 1 else not block
            assert nor.erases[block] == most, (geometry, block)


def test_a_bad_block_is_a_fault_of_the_board():
    for geometry in GEOMETRIES:
        nor = power_up(older(geometry), geometry)
        nor.bad_blocks = {0}
        assert code_of(LocalError, go_on, nor, True) == "flash-fault"
