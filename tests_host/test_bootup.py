import json
import struct

import rig
from check import raises
from notedfu import bootup, decide, glance
from notedfu.device import Device
from notedfu.journal import ALONE, ALONE_ONCE, GOOD, IDLE, PENDING, STAGING, TRIAL, UNBLOCKED, Journal
from notedfu.settings import Settings
from notedfu.slots import RIGHT
from scratch import Scratch, read, write

QUIET = 7  # any number that no eighth run is drawn by


def device_at_peace(folder, **settings):
    """A board with app 1.0.0, confirmed, both copies of the journal written, whose lot falls on no run."""
    device = rig.Rig(folder, settings=settings)
    device.install_first("1.0.0")
    journal = Journal(folder + "/notedfu.d/journal")
    journal.load()
    journal.save()
    device.random.below = lambda limit: QUIET
    return device


def given(device, look=lambda dfu: None, for_s=100):
    """What the app is given in one boot; look(dfu) is the app's main."""
    seen = []

    def main(dfu):
        seen.append(dfu)
        return look(dfu)

    rig.BEHAVIOUR["1.0.0"] = main
    device.boot(for_s)
    return seen[0]


def is_quiet(device):
    return isinstance(given(device), bootup.Handle)


def flash(folder):
    return [read(folder + "/notedfu.d/journal/%d/record" % copy) for copy in (0, 1)]


def test_a_confirmed_app_at_peace_starts_without_the_rest_of_the_library():
    with Scratch() as folder:
        device = device_at_peace(folder)
        before = flash(folder)
        loaded = []

        def look(dfu):
            loaded.append((dfu.updates, flash(folder) == before))
            rig.stay(dfu)

        assert given(device, look).version == "1.0.0+0"
        assert loaded == [(None, True)]
        assert device.requests("dfu.status")


def test_the_app_finds_all_of_the_handle_and_its_progress_is_told():
    with Scratch() as folder:
        device = device_at_peace(folder)
        told = []

        def look(dfu):
            dfu.progress = lambda done, total: told.append((done, total))
            assert not dfu.busy and not dfu.pending and dfu.problem is None
            assert not hasattr(dfu, "nothing_of_that_name")
            rig.stay(dfu)

        device.offer(rig.app_image("2.0.0"))
        given(device, look)
        assert told and told[-1][0] == told[-1][1]


def test_whatever_a_record_says_only_what_the_table_would_run_is_quiet():
    with Scratch() as folder:
        device_at_peace(folder)
        journal = Journal(folder + "/notedfu.d/journal")
        for state in (IDLE, STAGING, PENDING, TRIAL):
            for bits in range(64):
                journal.load()
                journal.state = state
                journal.active = bits & 1
                journal.unclean, journal.running = bits >> 1 & 1, bits >> 2 & 1
                journal.flags = (bits >> 3 & 1) * UNBLOCKED | (bits >> 5) * ALONE | ALONE_ONCE
                journal.swap_left = journal.trial_left = bits >> 4 & 1
                journal.save()
                active = glance.settled(folder + "/notedfu.d/journal")
                left = bool(bits >> 4 & 1)
                failing = journal.unclean + journal.running >= 1
                action = decide.decide(GOOD, state, RIGHT, left, active != 0, False, failing, bits > 31)
                assert not active or action == "run", (state, bits)
                assert active == (1 if state <= STAGING and bits & 47 == 1 else 0), (state, bits)


def test_the_later_copy_counts_where_the_number_wraps():
    with Scratch() as folder:
        device_at_peace(folder)
        path = folder + "/notedfu.d/journal"
        journal = Journal(path)
        journal.load()
        journal.sequence = 0xFFFFFFFE
        journal.save()
        for unclean in (0, 1, 0, 1):
            journal.unclean = unclean
            journal.save()
            assert glance.settled(path) == (0 if unclean else 1), journal.sequence
        assert journal.sequence == 3


def test_a_copy_that_is_damaged_or_as_long_as_fat_needs_it_is_not_quiet():
    with Scratch() as folder:
        device = device_at_peace(folder)
        path = folder + "/notedfu.d/journal/%d/record"
        assert is_quiet(device)
        for copy in (0, 1):
            whole = read(path % copy)
            for damaged in (
                b"",
                whole[:-1],
                bytes(len(whole)),
                whole[:8] + b"?" + whole[9:],
                whole + b"\xff",
            ):
                write(path % copy, damaged)
                assert glance.settled(folder + "/notedfu.d/journal") == 0
                assert not is_quiet(device)
                write(path % copy, whole)
        assert is_quiet(device)


def test_a_slot_without_its_mark_or_with_a_file_of_another_size_is_not_quiet():
    with Scratch() as folder:
        device = device_at_peace(folder)
        slot = folder + "/notedfu.d/a"
        sizes = rig.RigPort(device).sizes
        for path in (slot + ".confirmed", slot + ".manifest", slot + "/data/notes.txt"):
            whole = read(path)
            write(path, whole + b"!" if path.endswith("txt") else bytes(len(whole)))
            assert not glance.confirmed(slot, sizes), path
            write(path, whole)
            assert glance.confirmed(slot, sizes)
        assert is_quiet(device)


def test_an_updater_that_did_not_fit_gets_the_reserved_page_when_it_does():
    with Scratch() as folder:
        device = device_at_peace(folder)
        pages = []

        def full(board):
            raise MemoryError

        def look(dfu):
            pages.append(dfu.page)
            real, Device.load = Device.load, full
            try:
                raises(MemoryError, dfu.load)
            finally:
                Device.load = real
            pages.append(dfu.page)
            dfu.confirm()
            pages.append(dfu.page)
            rig.stay(dfu)

        given(device, look)
        assert pages[0] is pages[1] and len(pages[0]) == 4096 and pages[2] is None


def test_an_app_that_left_no_room_for_the_updater_starts_beside_it_the_next_time():
    with Scratch() as folder:
        device = device_at_peace(folder)

        def full(board):
            raise MemoryError

        def greedy(dfu):
            real, Device.load = Device.load, full
            try:
                dfu.poll()
            finally:
                Device.load = real

        assert isinstance(given(device, greedy), bootup.Handle)
        assert device.requests("dfu.status"), "the updater has worked when the app was gone"
        device.offer(rig.app_image("2.0.0"))
        rig.BEHAVIOUR["2.0.0"] = rig.confirm_and_stay
        assert not isinstance(given(device, rig.stay), bootup.Handle)
        assert device.boot(100) == "reset" and device.boot(100) == "power"
        assert rig.RUNS[-1] == "2.0.0"


def test_one_run_in_eight_is_marked():
    with Scratch() as folder:
        device = device_at_peace(folder)
        journal = Journal(folder + "/notedfu.d/journal")
        marked = 0
        for drawn in range(16):
            device.random.below = lambda limit, drawn=drawn: drawn

            def look(dfu):
                journal.load()
                dfu.rest()
                rig.stay(dfu)

            given(device, look, 5)
            marked += journal.running
            assert bool(journal.running) == (drawn % 8 == 0)
        assert marked == 2


def test_ends_of_a_quiet_run_count_as_of_any_other():
    for error, ended, unclean in (
        (ValueError("no"), "reset", 1),
        (MemoryError(), "reset", 1),
        (SystemExit(), "exit", 1),
        (KeyboardInterrupt(), "repl", 0),
        (None, "power", 0),
    ):
        with Scratch() as folder:
            device = device_at_peace(folder)

            def main(dfu, error=error):
                if error is not None:
                    raise error

            rig.BEHAVIOUR["1.0.0"] = main
            assert device.boot(30) == ended
            assert device.journal().unclean == unclean, error
            if error is None:
                assert device.requests("dfu.status"), "the updater stays"


def test_an_exception_long_after_a_quiet_start_is_no_unclean_run():
    with Scratch() as folder:
        device = device_at_peace(folder, healthy_s=60)

        def main(dfu):
            for _ in range(61):
                device.time.advance(1000)
            raise ValueError("late")

        rig.BEHAVIOUR["1.0.0"] = main
        assert device.boot(300) == "reset"
        assert device.journal().unclean == 0


def test_what_the_settings_switch_is_not_quiet():
    with Scratch() as folder:
        device = device_at_peace(folder)
        for quiet, settings in (
            (True, {}),
            (True, {"app": "app", "watchdog_s": 30, "keys": [], "page": 1024}),
            (False, {"off": True}),
            (False, {"unblock": True}),
            (False, {"off_pin": 4}),
            (False, {"target": "ota"}),
            (False, {"watchdog_s": True}),
            (False, {"watchdog_s": 86401}),
            (False, {"app": 1}),
            (False, {"page": "wrong"}),
        ):
            write(folder + "/notedfu.json", json.dumps(settings).encode())
            assert (glance.quick(folder + "/notedfu.json") is not None) == quiet, settings
        for text in (b"", b"[]", b'{"off'):
            write(folder + "/notedfu.json", text)
            assert glance.quick(folder + "/notedfu.json") is None
        write(folder + "/notedfu.json", b"{}")
        write(folder + "/notedfu.off", b"")
        assert device.boot(10) == "repl"
        assert device.said[-1] == "the updater is switched off"


def test_the_quick_look_takes_what_the_whole_table_says():
    with Scratch() as folder:
        path = folder + "/notedfu.json"
        for text in (b"{}", b'{"app": "other"}', b'{"watchdog_s": 0}', b'{"watchdog_s": 86400}'):
            write(path, text)
            whole = Settings().load(path)
            assert glance.quick(path) == (whole.app, whole.watchdog_s, whole.page)
        whole = Settings().load(folder + "/none.json")
        assert glance.quick(folder + "/none.json") == (whole.app, whole.watchdog_s, whole.page)


def test_a_wrong_setting_is_told_when_the_app_first_polls():
    with Scratch() as folder:
        device = device_at_peace(folder)
        write(folder + "/notedfu.json", b'{"allow_unsigned": true, "pgae": 512}')
        problems = []

        def look(dfu):
            dfu.poll()
            problems.append(str(dfu.problem))
            rig.stay(dfu)

        given(device, look)
        assert "pgae" in problems[0]


def test_the_head_of_a_record_is_as_the_journal_writes_it():
    with Scratch() as folder:
        device_at_peace(folder)
        journal = Journal(folder + "/notedfu.d/journal")
        journal.load()
        record = read(folder + "/notedfu.d/journal/%d/record" % journal._whole[0])
        assert struct.unpack_from("<I", record, 4)[0] == journal.sequence
        assert record[9] == journal.active == glance.settled(folder + "/notedfu.d/journal")
