"""Apps that were not written with updates in mind: updates come all the same, and the app runs."""

import os

import rig
from notedfu.errors import LinkError
from notedfu.half import Half
from notedfu.port import BasePort
from notedfu.update import Updater
from test_bad_news import boots
from test_way_on import NEW, OLD, Device

HEAPSIZE = "32M"
LARGE = {"large.bin": bytes(20000)}


def check_progress(progress, preset="8.x"):
    """An update comes while the app's progress(dfu) gives such a callback; returns the device."""

    def shows(dfu):
        dfu.progress = progress(dfu)
        rig.stay(dfu)

    with Device(preset, page=1024) as device:
        rig.BEHAVIOUR[OLD] = shows
        device.offer(rig.app_image(NEW, LARGE))
        assert device.boot(for_s=3600) == "reset", device.said[-3:]
        return device


def test_a_progress_callback_that_raises_is_left_out_and_the_update_comes():
    for error in (OSError(5), ValueError("display"), MemoryError()):

        def raises(done, total):
            raise error  # noqa: B023

        device = check_progress(lambda dfu: raises)  # noqa: B023
        assert device.complaints == [error]


def test_a_progress_callback_may_ask_the_notecard():
    """I2C has the next page asked for already: its reply is taken first, and no request is sent twice."""
    for preset in ("8.x", "legacy"):
        told = []

        def shows(dfu):
            def tell(done, total):
                told.append(done)  # noqa: B023
                dfu.request({"req": "note.add", "file": "p.qo", "body": {"n": len(told)}})  # noqa: B023

            return tell

        device = check_progress(shows, preset)
        numbers = [request["body"]["n"] for request in device.requests("note.add")]
        assert numbers == list(range(1, len(told) + 1)), (preset, numbers)
        assert len(told) > 20


def test_an_app_that_forbids_downloads_sees_that_they_are_forbidden():
    seen = []

    def forbids(dfu):
        for member in ("off", "on"):
            dfu.request({"req": "dfu.status", member: True})
            dfu.check_now()
            dfu.poll()
            seen.append(dfu.problem.code if dfu.problem else None)
        rig.stay(dfu)

    with Device() as device:
        rig.BEHAVIOUR[OLD] = forbids
        device.boot(for_s=60)
        assert seen == ["off", None]


def sleep_well(dfu):
    """A wake of a few seconds; the sleep is a reset here."""
    dfu.poll(4000)
    dfu.rest()
    raise SystemExit


def test_a_sleeper_takes_an_image_that_the_notecard_never_describes():
    with Device() as device:
        rig.BEHAVIOUR[OLD] = sleep_well
        device.engine.faults.set("body-missing", 1.0)
        device.offer(rig.app_image(NEW))
        for _ in range(10):
            if device.boot(for_s=60) == "reset":
                break
            device.time.advance(60000)
        device.boot(for_s=60)
        assert rig.RUNS[-1] == NEW


class Unspeakable(Exception):
    """What an app may raise: the text that is to explain it is what fails."""

    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


def test_an_exception_that_can_not_be_told_ends_a_trial_at_once_all_the_same():
    def raises(dfu):
        raise Unspeakable

    with Device() as device:
        rig.BEHAVIOUR[NEW] = raises
        device.offer(rig.app_image(NEW))
        boots(device, most=8)
        assert rig.RUNS == [OLD, NEW, OLD]
        assert device.reports()[0]["err"] == "app-raised: Unspeakable, whose text raises ValueError"


def test_no_exception_fails_to_be_told_on_the_console():
    class Console(BasePort):
        def _show(self, error):
            shown.append(repr(error))

        def say(self, text):
            shown.append(text)

    for error, text in (
        (OSError(5), repr(OSError(5))),
        (Unspeakable(), "Unspeakable, whose text raises ValueError"),
    ):
        shown = []
        Console().complain(error)
        assert shown == [text]


def test_a_rest_raises_nothing_whatever_is_wrong_with_the_updater():
    def fails(updater):
        raise MemoryError

    with Device() as device:
        rig.BEHAVIOUR[OLD] = sleep_well
        real, Updater.put_off = Updater.put_off, fails
        try:
            assert device.boot(for_s=60) == "exit"
        finally:
            Updater.put_off = real
        assert device.journal().unclean == 0


def test_a_trial_that_can_not_be_confirmed_ends_after_trial_s():
    """It has removed a file of its slot, so there is nothing whole that could be confirmed."""

    def tidies(dfu):
        os.remove(device.root + "/notedfu.d/b/data/notes.txt")
        rig.confirm_and_stay(dfu)

    with Device(trial_s=600) as device:
        rig.BEHAVIOUR[NEW] = tidies
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=600) == "reset" and device.boot(for_s=600) == "reset"
        assert device.boot(for_s=20000) == "reset", "no trial without end"
        device.boot(for_s=600)
        assert rig.RUNS == [OLD, NEW, OLD]
        assert device.reports()[0]["err"].startswith("trial-failed: ")


def test_a_trial_that_only_asks_ends_after_trial_s_where_no_request_gets_out():
    def fails(half):
        raise ValueError("no such pins")

    def asks(dfu):
        while True:
            try:
                dfu.request({"req": "card.version"})
            except LinkError:
                device.time.advance(10000)

    with Device(trial_s=600, watchdog_s=0) as device:
        rig.BEHAVIOUR[NEW] = asks
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=600) == "reset" and device.boot(for_s=600) == "reset"
        real, Half._assemble = Half._assemble, fails
        try:
            assert device.boot(for_s=6000) == "reset", "no trial without end"
        finally:
            Half._assemble = real
