from binascii import crc32

from check import code_of
from notedfu import journal
from notedfu.errors import LocalError
from notedfu.journal import FRESH, GOOD, LOST, Journal
from scratch import Scratch, exists, read, remove, write

SHA = bytes(range(32))


def made(folder):
    one = Journal(folder + "/j")
    one.create()
    return one


def loaded(folder):
    one = Journal(folder + "/j")
    one.load()
    return one


def path(folder, copy):
    return "%s/j/%d/record" % (folder, copy)


def spoil(folder, copy, at=20):
    data = bytearray(read(path(folder, copy)))
    data[at] ^= 1
    write(path(folder, copy), data)


def saved(folder, *states):
    """A journal whose record was saved once for each state."""
    one = made(folder)
    for state in states:
        one.state = state
        one.save()
    return one


def test_all_fields_come_back():
    with Scratch() as folder:
        one = made(folder)
        one.state, one.active, one.swap_left, one.trial_left = journal.TRIAL, 2, 3, 4
        one.clean_runs, one.unclean, one.running, one.flags = 5, 6, 7, journal.DFU_MODE | journal.RETRIED
        one.counter, one.length, one.image_crc32, one.version_crc = (
            0xFFFFFFFF,
            0x12345678,
            0x9ABCDEF0,
            0xCAFEBABE,
        )
        one.identity = SHA
        one.set_outcome(journal.REFUSED, "bad-tar: no")
        one.count_failure(SHA)
        one.save()
        two = loaded(folder)
        assert two.condition == GOOD
        for name in (
            "sequence state active swap_left trial_left clean_runs unclean running flags counter "
            "length image_crc32 identity outcome outcome_length outcome_crc32 outcome_identity "
            "outcome_text version_crc"
        ).split():
            assert getattr(two, name) == getattr(one, name), name
        assert two.failures(SHA) == 1
        assert two.outcome_length == 0x12345678 and two.outcome_identity == SHA


def test_the_bytes_are_those_of_the_specification():
    with Scratch() as folder:
        one = made(folder)
        one.state, one.active, one.counter, one.identity = journal.PENDING, 1, 0x01020304, SHA
        one.save()
        data = read(path(folder, 0))[: journal.SIZE]
        assert data[:10] == b"NDJ1\x01\x00\x00\x00\x02\x01"
        assert data[16:20] == b"\x04\x03\x02\x01"
        assert data[28:60] == SHA
        assert journal.SIZE <= 256
        assert int.from_bytes(data[-4:], "little") == crc32(data[:-4])


def test_a_board_without_a_journal_is_fresh():
    with Scratch() as folder:
        assert loaded(folder).condition == FRESH
        made(folder)
        assert loaded(folder).condition == FRESH
        write(path(folder, 0), bytes(4096))
        assert loaded(folder).condition == FRESH


def test_damage_to_both_copies_is_a_lost_journal():
    with Scratch() as folder:
        saved(folder, 1, 2)
        for copy in (0, 1):
            assert loaded(folder).condition == GOOD
            spoil(folder, copy)
        lost = loaded(folder)
        assert lost.condition == LOST
        assert lost.state == journal.IDLE and lost.identity == bytes(32)
        lost.repair()
        assert loaded(folder).condition == LOST
        lost.save()
        assert loaded(folder).condition == GOOD


def test_one_torn_copy_is_no_lost_journal():
    with Scratch() as folder:
        saved(folder, 1)
        assert loaded(folder).condition == GOOD
        spoil(folder, 0)
        assert loaded(folder).condition == LOST, "the other copy is blank, but something was there"


def test_the_copies_are_written_in_turn():
    with Scratch() as folder:
        one = saved(folder, 1)
        for number in range(2, 7):
            before = [read(path(folder, copy)) for copy in (0, 1)]
            one.save()
            after = [read(path(folder, copy)) for copy in (0, 1)]
            changed = [copy for copy in (0, 1) if before[copy] != after[copy]]
            assert changed == [(number - 1) % 2]
            assert loaded(folder).sequence == number


def test_a_reset_between_saves_changes_nothing_about_whose_turn_it_is():
    with Scratch() as folder:
        saved(folder, 1, 2)
        for number in range(3, 9):
            one = loaded(folder)
            before = [read(path(folder, copy)) for copy in (0, 1)]
            one.save()
            after = [read(path(folder, copy)) for copy in (0, 1)]
            assert [before[copy] != after[copy] for copy in (0, 1)].count(True) == 1
            assert loaded(folder).sequence == number


def test_the_number_wraps():
    with Scratch() as folder:
        one = made(folder)
        one.sequence = 0xFFFFFFFD
        for state in (1, 2, 3, 1, 2):
            one.state = state
            one.save()
            assert loaded(folder).state == state
        assert loaded(folder).sequence == 2


def test_the_older_copy_counts_when_the_newer_is_damaged_anywhere():
    with Scratch() as folder:
        saved(folder, 1, 2)
        whole = read(path(folder, 1))
        for at in range(journal.SIZE):
            spoil(folder, 1, at)
            assert loaded(folder).state == 1, at
            write(path(folder, 1), whole)
        for length in range(journal.SIZE):
            write(path(folder, 1), whole[:length])
            assert loaded(folder).state == 1, length


def test_an_invalid_copy_is_repaired_before_the_good_one_is_touched():
    with Scratch() as folder:
        saved(folder, 1, 2)
        spoil(folder, 0)
        one = loaded(folder)
        one.repair()
        spoil(folder, 1)
        assert loaded(folder).state == 2, "repair() made the same record of the other copy"


def test_without_a_repair_the_next_save_goes_to_the_bad_copy():
    with Scratch() as folder:
        for copy in (0, 1):
            saved(folder, 1, 2)
            spoil(folder, copy)
            one = loaded(folder)
            good = read(path(folder, 1 - copy))
            one.state = 3
            one.save()
            assert read(path(folder, 1 - copy)) == good
            assert loaded(folder).state == 3


def test_a_copy_whose_folder_is_gone_is_made_again():
    with Scratch() as folder:
        saved(folder, 1, 2)
        remove(folder + "/j/1")
        one = loaded(folder)
        assert one.state == 1
        one.repair()
        spoil(folder, 0)
        assert loaded(folder).state == 1


def test_a_save_that_does_not_read_back_is_a_fault_and_leaves_the_good_copy():
    class Forgetful(Journal):
        def _rewrite(self, copy, record):
            pass

    with Scratch() as folder:
        saved(folder, 1, 2)
        one = Forgetful(folder + "/j")
        one.load()
        one.state = 3
        for _ in range(3):
            assert code_of(LocalError, one.save) == "journal-fault"
        assert one.sequence == 2
        assert loaded(folder).state == 2


def test_a_save_into_which_a_ctrl_c_falls_can_be_made_once_more():
    class Stopped(Journal):
        stop = True

        def _write(self, copy, record):
            super()._write(copy, record)
            if self.stop:
                self.stop = False
                raise KeyboardInterrupt

    with Scratch() as folder:
        saved(folder, 1, 2)
        one = Stopped(folder + "/j")
        one.load()
        one.state = 3
        try:
            one.save()
            raise AssertionError("nothing fell into it")
        except KeyboardInterrupt:
            one.save()
        assert loaded(folder).state == 3
        for one.state in (1, 2, 3):
            one.save()
            assert loaded(folder).state == one.state
        assert sorted(one._whole) == [0, 1] and one._bad == []


def test_a_save_without_files_is_a_fault():
    with Scratch() as folder:
        one = Journal(folder + "/no/such/folder")
        one.load()
        assert code_of(LocalError, one.save) == "journal-fault"


def test_a_text_is_cut_at_a_character():
    with Scratch() as folder:
        one = made(folder)
        for text, kept in (
            ("x" * 64, "x" * 64),
            ("x" * 65, "x" * 64),
            ("x" * 63 + "\u00e4", "x" * 63),
            ("x" * 62 + "\u00e4!", "x" * 62 + "\u00e4"),
            ("x" * 61 + "\u20ac\u20ac", "x" * 61 + "\u20ac"),
            ("\U0001f600" * 17, "\U0001f600" * 16),
        ):
            one.outcome_text = text
            one.save()
            assert loaded(folder).outcome_text == kept


def test_failures_are_counted_for_four_images_and_the_oldest_makes_room():
    with Scratch() as folder:
        one = made(folder)
        images = [bytes((number,)) * 32 for number in range(1, 7)]
        for image in images[:4]:
            one.count_failure(image)
        one.count_failure(images[0])
        one.save()
        one = loaded(folder)
        assert [one.failures(image) for image in images] == [2, 1, 1, 1, 0, 0]
        one.count_failure(images[4])
        one.save()
        one = loaded(folder)
        assert [one.failures(image) for image in images] == [2, 0, 1, 1, 1, 0]
        for _ in range(300):
            one.count_failure(images[2])
        assert one.failures(images[2]) == 255
        one.clear_failures()
        one.save()
        one = loaded(folder)
        assert [one.failures(image) for image in images] == [0] * 6


def test_creating_again_changes_nothing():
    with Scratch() as folder:
        one = saved(folder, 1, 2)
        before = [read(path(folder, copy)) for copy in (0, 1)]
        one.create()
        assert [read(path(folder, copy)) for copy in (0, 1)] == before
        assert exists(folder + "/j/reserve")
