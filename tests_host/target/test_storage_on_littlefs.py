"""Journal, slots and staging on LittleFS, with the power cut at every operation."""

import os

from boards import ROOT, Board, Lfs, fill

from check import Random
from notedfu.filestage import FileStage
from notedfu.journal import GOOD, Journal
from notedfu.room import free
from notedfu.slots import A, B, Slots
from notedfu.slotwriter import SlotWriter
from scratch import exists, files, read, write
from virtual import VirtualTime

# rp2 programs 256 bytes at a time; an esp32 mounts with 32, and then the record is no inline file
GEOMETRIES = ((4096, 256, 48), (4096, 32, 48), (1024, 16, 192))
HEADER = bytes(20) + b"\x01\x00\x00\x00\x00\x00\x00\x00" + bytes(4)
OLD = {"main.py": b"old" * 100, "lib/x.py": Random(1).bytes(5000)}
NEW = {"main.py": b"new" * 100, "lib/x.py": Random(2).bytes(5000), "lib/deep/y.py": b"y"}
USER = {"boot.py": b"import notedfu", "data/log.txt": Random(3).bytes(3000)}
IMAGE = Random(4).bytes(20000)


def clock():
    return VirtualTime().clock()


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
    writer = SlotWriter(slots(), slot, clock())
    writer.begin()
    for folder in ("lib", "lib/deep"):
        writer.folder(folder)
    for name in sorted(app):
        writer.open(name, len(app[name]))
        for at in range(0, len(app[name]), 1024):
            writer.feed(app[name], at, min(at + 1024, len(app[name])))
        writer.close()
    writer.seal(HEADER, b"", bytes(32))


def set_up():
    os.mkdir(ROOT + "/notedfu.d")
    os.mkdir(ROOT + "/data")
    for name in USER:
        write(ROOT + "/" + name, USER[name])
    one = journal()
    one.create()
    for one.state in (1, 2):
        one.save()
    install(A, OLD)
    slots().confirm(A)


def board(geometry, *more):
    made = Board(Lfs, geometry)
    made.run(set_up)
    for work in more:
        made.run(work)
    return made


def check_users_files():
    for name in USER:
        assert read(ROOT + "/" + name) == USER[name], name


def whole(slot, app):
    """Whether the slot is valid; and if it is, it must be the app."""
    if slots().load(slot) is None:
        return False
    assert slots().verify(slot, clock()) is not None
    assert files(slots().path(slot)) == app
    return True


def test_a_cut_in_a_save_leaves_the_old_record_or_the_new_one():
    for geometry in GEOMETRIES:
        made = board(geometry)

        def after():
            one = loaded()
            assert one.condition == GOOD
            assert one.state in (2, 3)
            one.repair()
            assert loaded().state == one.state
            save(1)
            assert loaded().state == 1
            check_users_files()

        for place in made.cuts(lambda: save(3)):
            try:
                made.run(after)
            except BaseException:
                print(geometry, place)
                raise


def test_two_cuts_in_a_row_leave_a_record_that_was_written():
    geometry = (1024, 64, 64)
    made = board(geometry)

    def after():
        one = loaded()
        assert one.condition == GOOD and one.state in (2, 3, 1)
        check_users_files()

    for place in made.cuts(lambda: save(3), ways=1):
        for second in made.cuts(lambda: save(1), ways=1):
            try:
                made.run(after)
            except BaseException:
                print(place, "then", second)
                raise


def test_the_journal_is_saved_on_a_full_filesystem():
    for geometry in GEOMETRIES[:2]:
        made = board(geometry, fill)
        for state in (3, 1, 2, 3, 1, 0):
            made.run(lambda: save(state))  # noqa: B023
            assert made.run(lambda: loaded().state)[1] == state


def test_the_reserve_is_made_again_when_there_is_room():
    made = board(GEOMETRIES[1])
    for state in (3, 1, 3):
        made.run(fill)
        made.run(lambda: save(state))  # noqa: B023
        assert made.run(lambda: loaded().state)[1] == state

        def tidy_up():
            for name in os.listdir(ROOT):
                if name.startswith("fill"):
                    os.remove(ROOT + "/" + name)
            loaded().repair()
            assert exists(ROOT + "/notedfu.d/journal/reserve")

        made.run(tidy_up)


def test_a_reserve_that_found_no_room_is_made_whole_when_there_is():
    """A cut came when a save had given it up, and the app took its block."""
    made = board(GEOMETRIES[2], fill)
    made.run(lambda: save(3))

    def fill_again():
        assert os.stat(ROOT + "/notedfu.d/journal/reserve")[6] == 4096, "it was made anew after the save"
        os.remove(ROOT + "/notedfu.d/journal/reserve")
        try:
            for number in range(200):
                write(ROOT + "/more%d" % number, bytes(1024))
        except OSError:
            pass

    def tidy_up():
        loaded().repair()
        assert os.stat(ROOT + "/notedfu.d/journal/reserve")[6] < 4096
        for name in os.listdir(ROOT):
            if name.startswith("fill") or name.startswith("more"):
                os.remove(ROOT + "/" + name)
        loaded().repair()
        assert os.stat(ROOT + "/notedfu.d/journal/reserve")[6] == 4096

    made.run(fill_again)
    made.run(tidy_up)


def test_a_full_filesystem_has_no_room():
    for geometry in GEOMETRIES[:2]:
        made = board(geometry, fill)

        def check():
            assert free(os.statvfs(ROOT)) <= 4096
            assert FileStage(ROOT + "/notedfu.d/staging.img", clock()).capacity == 0

        made.run(check)


def test_a_cut_on_a_full_filesystem_leaves_the_old_record_or_the_new_one():
    for geometry in GEOMETRIES[:2]:
        made = board(geometry, fill)

        def after():
            one = loaded()
            assert one.condition == GOOD and one.state in (2, 3)
            for state in (1, 2, 3):
                save(state)
                assert loaded().state == state

        for place in made.cuts(lambda: save(3)):
            try:
                made.run(after)
            except BaseException:
                print(geometry, place)
                raise


def test_a_cut_in_an_installation_leaves_the_slot_invalid_or_whole():
    for geometry in GEOMETRIES[:1]:
        made = board(geometry, lambda: install(B, OLD))
        seen = set()

        def after():
            assert whole(A, OLD) and slots().load(A).confirmed
            found = slots().load(B)
            old = found is not None and files(slots().path(B)) == OLD
            seen.add("old" if old else found is not None)  # noqa: B023
            assert old or whole(B, NEW) == (found is not None)
            install(B, NEW)
            assert whole(B, NEW) and not slots().load(B).confirmed
            check_users_files()

        for place in made.cuts(lambda: install(B, NEW), ways=1):
            try:
                made.run(after)
            except BaseException:
                print(geometry, place)
                raise
        assert seen >= {"old", False}


def test_a_cut_in_confirm_leaves_the_slot_valid():
    for geometry in GEOMETRIES:
        made = board(geometry, lambda: install(B, NEW))
        seen = set()

        def after():
            assert whole(B, NEW)
            seen.add(slots().load(B).confirmed)  # noqa: B023
            slots().confirm(B)
            assert slots().load(B).confirmed and slots().load(A).confirmed
            check_users_files()

        for place in made.cuts(lambda: slots().confirm(B)):
            try:
                made.run(after)
            except BaseException:
                print(geometry, place)
                raise
        assert seen == {False, True}


def test_a_slot_is_confirmed_on_a_full_filesystem():
    for geometry in GEOMETRIES[:2]:
        made = board(geometry, lambda: install(B, NEW), fill)
        made.run(lambda: slots().confirm(B))
        assert made.run(lambda: slots().load(B).confirmed)[1]


def test_a_cut_in_the_staging_file_leaves_all_pages_that_were_appended():
    done = [0]
    for geometry, page in zip(GEOMETRIES[:1], (4096,)):
        made = board(geometry)

        def stage():
            done[0] = 0
            one = FileStage(ROOT + "/notedfu.d/staging.img", clock())
            one.begin(len(IMAGE))
            for at in range(0, len(IMAGE), page):  # noqa: B023
                one.append(memoryview(IMAGE)[at : at + page])  # noqa: B023
                done[0] = one.length
            one.commit()

        def after():
            one = FileStage(ROOT + "/notedfu.d/staging.img", clock())
            have = one.resume(len(IMAGE))
            assert have >= done[0]
            while one.length < len(IMAGE):
                one.append(memoryview(IMAGE)[one.length : one.length + 4096])
            one.commit()
            assert read(ROOT + "/notedfu.d/staging.img") == IMAGE
            check_users_files()

        for place in made.cuts(stage, ways=1):
            try:
                made.run(after)
            except BaseException:
                print(geometry, place, done)
                raise


def test_as_much_can_be_staged_as_was_said():
    for geometry in GEOMETRIES + ((512, 128, 3000),):
        for reserve in (0, 8192):
            made = board(geometry)

            def stage():
                one = FileStage(ROOT + "/notedfu.d/staging.img", clock(), reserve)  # noqa: B023
                length = one.capacity
                page = bytes(4096)
                one.begin(length)
                while one.length < length:
                    one.append(memoryview(page)[: min(4096, length - one.length)])
                one.commit()
                save(3)
                slots().confirm(A)
                again = one.capacity
                assert abs(again - length) < 2 * 4096 + length // 32, "what is staged counts as free"
                write(ROOT + "/rest", bytes(reserve))  # noqa: B023
                assert free(os.statvfs(ROOT)) < 6 * 4096 + length // 32, "nor much less than there is"

            made.run(stage)


def test_an_app_that_fits_by_the_estimate_can_be_installed():
    for geometry in GEOMETRIES:
        made = board(geometry)

        def fits():
            size = sum([len(data) for data in NEW.values()])
            hog, page = 0, bytes(geometry[0])  # noqa: B023
            with open(ROOT + "/hog", "wb") as file:
                while slots().room_needed(size, len(NEW)) <= slots().room(A) - hog * len(page):
                    file.write(page)
                    hog += 1
            install(B, NEW)
            assert whole(B, NEW)

        made.run(fits)
