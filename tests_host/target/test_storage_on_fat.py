"""Journal and slots on FAT, as CircuitPython has it: what holds there, with the power cut everywhere.

FAT rewrites sectors in place, an erase block at a time, so a cut tears all eight sectors of a block. The
journal and the marks are laid out so that this never takes more than the copy being written. A slot can be
hurt by a cut in an installation, the one that runs included; docs/SPEC.md says what then.
"""

import os
import struct

from boards import ROOT, Board, Fat, Lfs, fill

from check import Random, code_of
from notedfu.errors import LocalError
from notedfu.fat import is_fat
from notedfu.fatstage import FatStage
from notedfu.journal import GOOD, Journal
from notedfu.slots import A, B, Slots
from notedfu.slotwriter import SlotWriter
from scratch import files, read, write
from virtual import VirtualTime

GEOMETRY = (4096, 256, 64)
HEADER = bytes(20) + b"\x01\x00\x00\x00\x00\x00\x00\x00" + bytes(4)
OLD = {"main.py": b"old" * 100, "x.py": Random(1).bytes(5000)}
NEW = {"main.py": b"new" * 100, "x.py": Random(2).bytes(5000)}
IMAGE = Random(4).bytes(9000)
USER = {"boot.py": b"import notedfu", "data/log.txt": Random(3).bytes(3000)}


def journal():
    return Journal(ROOT + "/notedfu.d/journal")


def slots():
    return Slots(ROOT + "/notedfu.d")


def loaded():
    one = journal()
    one.load()
    return one


def save(state):
    one = loaded()
    one.repair()
    one.state = state
    one.save()


def install(slot, app):
    writer = SlotWriter(slots(), slot, VirtualTime().clock())
    writer.begin()
    for name in sorted(app):
        writer.open(name, len(app[name]))
        writer.feed(app[name], 0, len(app[name]))
        writer.close()
    writer.seal(HEADER, b"", bytes(32))


def set_up():
    os.mkdir(ROOT + "/data")
    write(ROOT + "/boot.py", USER["boot.py"])
    os.mkdir(ROOT + "/notedfu.d")
    one = journal()
    one.create()
    for one.state in (1, 2):
        one.save()
    install(A, OLD)
    slots().confirm(A)
    write(ROOT + "/data/log.txt", USER["data/log.txt"])


def board(*more):
    made = Board(Fat, GEOMETRY)
    made.run(set_up)
    for work in more:
        made.run(work)
    return made


def check_the_rest():
    for name in USER:
        assert read(ROOT + "/" + name) == USER[name], name
    assert slots().verify(A, VirtualTime().clock()) is not None
    assert files(slots().path(A)) == OLD
    assert slots().load(A).confirmed


def after_a_save():
    one = loaded()
    assert one.condition == GOOD
    assert one.state in (2, 3)
    one.repair()
    assert loaded().state == one.state
    check_the_rest()
    for state in (1, 2, 3):
        save(state)
        assert loaded().state == state
    check_the_rest()


def test_a_cut_in_a_save_takes_one_copy_at_most_and_nothing_else():
    for first in (2, 3):  # each copy in turn
        made = board() if first == 2 else board(lambda: save(2))
        for place in made.cuts(lambda: save(3)):
            try:
                made.run(after_a_save)
            except BaseException:
                print(first, place)
                raise


def test_two_cuts_in_a_row_take_no_more():
    made = board()
    cases = 0
    for place in made.cuts(lambda: save(3), ways=1):
        for second in made.cuts(lambda: save(1), ways=1):
            cases += 1
            try:
                made.run(after_two_saves)
            except BaseException:
                print(place, "then", second)
                raise
    assert cases >= 12, cases


def after_two_saves():
    one = loaded()
    assert one.condition == GOOD and one.state in (1, 2, 3)
    check_the_rest()
    for state in (1, 2, 3):
        save(state)
        assert loaded().state == state


def test_a_place_that_is_lost_is_left_alone_until_the_next_swap():
    made = board()
    made.run(lambda: os.rename(ROOT + "/notedfu.d/journal/0/record", ROOT + "/notedfu.d/journal/0/torn"))
    for state in (3, 1, 2):
        made.run(lambda: save(state))  # noqa: B023
        assert made.run(lambda: loaded().state)[1] == state

    def look():
        assert os.listdir(ROOT + "/notedfu.d/journal/0") == ["torn"]
        assert read(ROOT + "/notedfu.d/journal/2/record")[:4] == b"NDJ1"

    made.run(look)
    made.run(lambda: install(B, NEW))
    made.run(lambda: os.stat(ROOT + "/notedfu.d/journal/0/record"))


def confirm():
    slots().confirm(B)


def confirm_and_save():
    confirm()
    save(3)


def after_a_confirmation():
    assert loaded().condition == GOOD
    check_the_rest()
    confirm()
    assert slots().load(A).confirmed and slots().load(B).confirmed


def test_a_cut_in_a_confirmation_takes_a_copy_of_the_marks_at_most_and_nothing_else():
    made = board(lambda: install(B, NEW))
    for place in made.cuts(confirm):
        try:
            made.run(after_a_confirmation)
        except BaseException:
            print(place)
            raise


def test_two_cuts_in_a_row_in_a_confirmation_take_no_more():
    made = board(lambda: install(B, NEW))
    for place in made.cuts(confirm, ways=1):
        for second in made.cuts(confirm_and_save, ways=1):
            try:
                made.run(after_a_confirmation)
            except BaseException:
                print(place, "then", second)
                raise


def test_an_app_whose_files_are_damaged_keeps_its_mark_and_with_it_its_list_of_keys():
    made = board(lambda: write(ROOT + "/notedfu.d/a/main.py", b"torn"), lambda: install(B, NEW), confirm)

    def look():
        assert slots().load(A) is None
        assert slots().examine(A, lambda path, size, crc: True).confirmed

    made.run(look)


def test_the_same_image_installed_again_has_to_prove_itself_again():
    made = board(lambda: install(B, NEW), confirm, lambda: install(B, NEW))
    assert not made.run(lambda: slots().load(B).confirmed)[1]
    assert made.run(lambda: slots().load(A).confirmed)[1]


def stage(page=1024):
    one = fat_stage()
    if not one.resume(len(IMAGE)):
        one.begin(len(IMAGE))
    for at in range(one.length, len(IMAGE), page):
        one.append(memoryview(IMAGE)[at : at + page])
    one.commit()


def fat_stage():
    return FatStage(ROOT + "/notedfu.d/journal", VirtualTime().clock())


def staged():
    one = fat_stage()
    one.reopen(len(IMAGE))
    data = bytearray(len(IMAGE))
    for at in range(0, len(IMAGE), 500):
        one.readinto(at, memoryview(data)[at : at + 500])
    return data


def begin():
    fat_stage().begin(len(IMAGE))


def test_an_image_is_staged_in_pages_and_comes_back():
    made = board()
    for page in (256, 1000, 4096, 8192):
        made.run(begin)
        made.run(lambda: stage(page))  # noqa: B023
        assert made.run(staged)[1] == IMAGE


def check_that_it_is_staged_in_the_end():
    """A folder that reads differently each time is a fault now and then; an update tries again."""
    for left in range(5, -1, -1):
        try:
            stage()
            assert staged() == IMAGE
            return
        except LocalError as error:
            assert left and error.code in ("flash-fault", "staging-lost")


def test_a_cut_in_the_pages_of_a_download_takes_nothing_but_what_was_staged():
    made = board(begin)
    kept = []

    def after():
        have = fat_stage().resume(len(IMAGE))
        kept.append(have)
        check_the_rest()
        assert loaded().condition == GOOD
        check_that_it_is_staged_in_the_end()

    for place in made.cuts(stage, ways=2):
        try:
            made.run(after)
        except BaseException:
            print(place)
            raise
    assert 1024 in kept and 4096 in kept, kept


def test_a_count_that_is_none_is_nothing_and_so_is_one_beyond_the_image():
    made = board(begin, stage)
    path = ROOT + "/notedfu.d/journal/s/record"
    length = len(IMAGE)
    for count, changed in (
        (length, length),
        (0, 0),
        (1 << 20, ~(1 << 20) & 0xFFFFFFFF),
        (length + 1, ~(length + 1)),
    ):
        made.run(lambda: rewrite(path, struct.pack("<II", count, changed & 0xFFFFFFFF)))  # noqa: B023
        assert made.run(lambda: fat_stage().resume(length))[1] == 0, count
        assert code_of(LocalError, lambda: made.run(staged)) == "staging-lost"


def rewrite(path, data):
    with open(path, "r+b") as file:
        file.write(data)


def test_an_image_that_is_no_longer_than_the_last_writes_no_allocation_table():
    made = board(begin, stage)
    table = made.store.contents()[512 : 2 * 512]
    assert table.strip(b"\x00"), "the table begins behind the boot sector"
    before = made.run(lambda: os.statvfs(ROOT)[3])[1]
    erases = made.run(begin)[0].erases
    assert erases[0] == 0, "the table lies in the first erase block"
    made.run(stage)
    assert made.run(lambda: os.statvfs(ROOT)[3])[1] == before
    assert made.run(staged)[1] == IMAGE


def test_there_is_no_room_for_an_image_that_does_not_fit():
    made = board(fill)
    assert made.run(lambda: code_of(LocalError, begin))[1] == "no-room"
    made.run(check_the_rest)


def test_fat_is_told_from_littlefs():
    assert board().run(lambda: is_fat(ROOT + "/notedfu.d"))[1]
    other = Board(Lfs, GEOMETRY)
    other.run(lambda: os.mkdir(ROOT + "/notedfu.d"))
    assert not other.run(lambda: is_fat(ROOT + "/notedfu.d"))[1]


def sectors_of(store, text):
    """The numbers of the erase blocks in which `text` occurs."""
    data, found, at = store.contents(), [], 0
    while True:
        at = data.find(text, at)
        if at < 0:
            return found
        found.append(at // GEOMETRY[0])
        at += 1


def test_each_record_is_alone_in_its_erase_block():
    made = board()
    blocks = sectors_of(made.store, b"NDJ1")
    assert len(blocks) == 2 and blocks[0] != blocks[1]
    data = made.store.contents()
    for block in blocks:
        for at in range(block * GEOMETRY[0], (block + 1) * GEOMETRY[0], 512):
            sector = data[at : at + 512]
            own = sector[:4] == b"NDJ1" or sector[:2] == b". " or not sector.strip(b"\xff")
            assert own, (at, sector[:32])


def test_the_journal_and_the_mark_are_written_on_a_full_filesystem():
    made = board(lambda: install(B, NEW), fill)
    for state in (3, 1, 2, 3):
        made.run(lambda: save(state))  # noqa: B023
        assert made.run(lambda: loaded().state)[1] == state
    made.run(lambda: slots().confirm(B))
    assert made.run(lambda: slots().load(B).confirmed)[1]


def test_a_cut_in_an_installation_never_makes_a_wrong_app_valid():
    made = board(lambda: install(B, OLD))
    outcomes = {"mounted": 0, "running app whole": 0, "cases": 0}

    def after():
        outcomes["mounted"] += 1
        clock = VirtualTime().clock()
        if slots().verify(B, clock) is not None:
            assert files(slots().path(B)) in (OLD, NEW)
        if slots().verify(A, clock) is not None:
            assert files(slots().path(A)) == OLD
            outcomes["running app whole"] += 1

    for place in made.cuts(lambda: install(B, NEW)):
        outcomes["cases"] += 1
        try:
            made.run(after)
        except OSError:
            pass  # it does not mount; a board's firmware formats it then
        except BaseException:
            print(place)
            raise
    assert outcomes["running app whole"] > outcomes["cases"] // 3
