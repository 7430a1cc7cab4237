"""An app that can run is never given up for one that can not, and a fault that has passed is forgotten."""

import os

import rig
from notedfu.errors import LocalError
from notedfu.journal import IDLE, PENDING, TRIAL, Journal
from notedfu.slots import Slots
from test_way_on import NEW, OLD, Device, Worn

HEAPSIZE = "32M"
NEWEST = "3.0.0"


def crash(dfu):
    raise ValueError("it can't be")


def check_old_runs(device, boots=6):
    for _ in range(boots):
        device.boot(for_s=100)
    assert rig.RUNS[-1] == OLD, (rig.RUNS, device.said[-5:])


def test_an_image_goes_into_the_slot_of_the_damaged_app_not_of_the_whole_one():
    with Device(install="boot") as device:
        rig.BEHAVIOUR[NEWEST] = crash
        device.offer(rig.app_image(NEW))
        device.boot(for_s=600)
        device.boot(for_s=100)
        assert device.boot(for_s=100) == "power" and rig.RUNS[-1] == NEW
        device.offer(rig.app_image(NEWEST))
        device.boot(for_s=600)
        assert device.journal().state == PENDING
        os.remove(device.root + "/notedfu.d/b/app.py")
        check_old_runs(device)
        assert NEWEST in rig.RUNS


def test_an_app_whose_mark_was_removed_runs_again_after_a_trial_that_failed():
    with Device() as device:
        rig.BEHAVIOUR[NEW] = crash
        os.remove(device.root + "/notedfu.d/a.confirmed")
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=600) == "reset"
        check_old_runs(device)


def test_an_app_that_was_not_marked_when_it_was_confirmed_is_marked_before_it_is_left():
    with Device() as device:
        rig.BEHAVIOUR[NEWEST] = crash
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=600) == "reset" and device.boot(for_s=600) == "reset"
        real, Slots.confirm = Slots.confirm, fails_with_local_error
        try:
            assert device.boot(for_s=300) == "power"
            device.offer(rig.app_image(NEWEST))
            assert device.boot(for_s=600) == "reset"
        finally:
            Slots.confirm = real
        for _ in range(6):
            device.boot(for_s=100)
        assert rig.RUNS.count(NEWEST) == 1 and rig.RUNS[-1] == NEW, rig.RUNS


def fails_with_local_error(slots, slot):
    raise LocalError("slot-fault", "for a while")


def test_a_trial_whose_attempts_can_not_be_counted_is_none():
    """It hangs, and the journal is worn: without an end of the attempts nothing else would ever run."""
    with Device(watchdog_s=30) as device:
        rig.BEHAVIOUR[NEW] = lambda dfu: device.time.advance(3600000)
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=600) == "reset" and device.boot(for_s=600) == "reset"
        assert device.journal().state == TRIAL
        with Worn():
            assert device.boot(for_s=600) == "power"
        assert rig.RUNS == [OLD, OLD]


def test_the_first_app_of_all_is_tried_even_so():
    with Device() as device:
        os.remove(device.root + "/notedfu.d/a.manifest")
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=600) == "reset" and device.boot(for_s=600) == "reset"
        with Worn():
            assert device.boot(for_s=600) == "power"
        assert rig.RUNS == [NEW]


def test_an_update_comes_after_a_fault_of_the_journal_that_has_passed():
    def faulty(dfu):
        with Worn():
            dfu.unblock()
        assert dfu.problem.code == "journal-fault"
        rig.stay(dfu)

    with Device() as device:
        rig.BEHAVIOUR[OLD] = faulty
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=7200) == "reset"


def test_a_journal_that_can_not_be_written_is_tried_once_in_check_s():
    tries = []

    def counted(journal):
        tries.append(journal.state)
        return journal.state == PENDING

    with Device(check_s=600) as device:
        device.offer(rig.app_image(NEW))
        with Worn(counted):
            assert device.boot(for_s=7200) == "power"
        assert 20 < len(tries) < 60, len(tries)


def test_a_confirmation_that_can_not_be_written_is_tried_once_a_minute():
    tries = []

    def counted(journal):
        tries.append(device.time.elapsed_ms)
        return True

    def confirms(dfu):
        with Worn(counted):
            dfu.confirm()
            for _ in range(600):
                dfu.work()
        assert dfu.on_trial and dfu.problem.code == "journal-fault"
        rig.stay(dfu)

    with Device() as device:
        rig.BEHAVIOUR[NEW] = confirms
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=600) == "reset" and device.boot(for_s=600) == "reset"
        assert device.boot(for_s=3000) == "power"
        minutes = (tries[-1] - tries[0]) / 60000
        assert minutes > 5 and len(tries) < 3 * minutes + 5, (minutes, len(tries))
        assert device.journal().state == IDLE and rig.RUNS[-1] == NEW


def test_a_full_heap_where_the_journal_is_written_does_not_end_the_app():
    real, waiting = Journal._rewrite, Journal.waiting

    def full(journal, *_):
        raise MemoryError

    def greedy(dfu):
        Journal._rewrite = full
        for _ in range(100):
            dfu.work()
        Journal.waiting = full  # what would be kept elsewhere is as large
        dfu.unblock()
        Journal._rewrite, Journal.waiting = real, waiting
        assert dfu.problem.code == "no-memory"
        rig.stay(dfu)

    with Device(healthy_s=5) as device:
        journal = device.journal()
        journal.running = 1
        journal.save()
        rig.BEHAVIOUR[OLD] = greedy
        try:
            assert device.boot(for_s=900) == "power"
        finally:
            Journal._rewrite, Journal.waiting = real, waiting


def test_a_full_heap_where_a_run_is_judged_does_not_end_the_app():
    full = []

    def load(slots, slot):
        if full:
            raise MemoryError
        return real(slots, slot)

    def greedy(dfu):
        full.append(1)
        dfu.confirm()
        dfu.poll()
        full.clear()
        rig.confirm_and_stay(dfu)

    with Device() as device:
        rig.BEHAVIOUR[NEW] = greedy
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=600) == "reset" and device.boot(for_s=600) == "reset"
        real, Slots.load = Slots.load, load
        try:
            assert device.boot(for_s=300) == "power"
        finally:
            Slots.load = real
        assert device.journal().state != TRIAL and device.complaints == []
