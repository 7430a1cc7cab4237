"""Life beside the app: what each end of a run costs, consent, recovery, and who may wake whom."""

import json

import images
import rig
import signer
from notedfu import health
from notedfu.i2c import I2CLink
from notedfu.journal import IDLE, PENDING, STAGING, TRIAL, Journal
from notedfu.notecard import Notecard
from notedfu.reply import Reply
from scratch import Scratch, exists

OLD, NEW, NEWER = "1.0.0", "2.0.0", "3.0.0"


class Device:
    """A rig with the old app, in a folder of its own, for a `with`."""

    def __init__(self, preset="8.x", **settings):
        self._scratch = Scratch()
        self._preset = preset
        self._settings = settings

    def __enter__(self):
        device = rig.Rig(self._scratch.__enter__(), self._preset, self._settings)
        rig.BEHAVIOUR[OLD] = rig.stay
        rig.BEHAVIOUR[NEW] = rig.BEHAVIOUR[NEWER] = rig.confirm_and_stay
        device.install_first(OLD)
        return device

    def __exit__(self, *error):
        self._scratch.__exit__(*error)


def until(device, found, most=60, for_s=300):
    """Boot until found(); returns the number of boots."""
    for count in range(most):
        if found():
            return count
        device.boot(for_s)
    raise AssertionError("not in %d boots: %s" % (most, device.said[-5:]))


def on_trial(device, version=NEW):
    """Bring the device to the first run of a new version, which BEHAVIOUR ends."""
    device.offer(rig.app_image(version))
    until(device, lambda: version in rig.RUNS, for_s=120)


def settings(device, **more):
    device.settings.update(more)
    device.write("/notedfu.json", json.dumps(device.settings).encode())


def sleeper(dfu):
    dfu.poll(2000)
    dfu.rest()


def hasty_sleeper(dfu):
    dfu.confirm()
    dfu.poll(1)
    dfu.rest()
    raise rig.PowerCycle


def sleepy_boots(device, count, pause_s=900):
    """`count` wakes of a device that sleeps in between."""
    for _ in range(count):
        device.boot(for_s=20)
        device.time.advance(pause_s * 1000)


# ---- the table


def test_every_end_of_a_run_has_one_meaning():
    for how in ("return", "exception", "exit", "interrupt", "reset", "rest"):
        for trial in (True, False):
            assert [row[2] for row in health.ENDS if row[:2] == (how, trial)] == [health.meaning(how, trial)]
    assert len(health.ENDS) == 12


def test_what_each_end_costs_on_trial():
    def raised(dfu):
        raise ValueError("oh")

    def interrupted(dfu):
        raise KeyboardInterrupt

    def left(dfu):
        raise SystemExit

    cost = {}
    ends = {"return": lambda dfu: None, "exit": left, "interrupt": interrupted, "reset": rig.stay}
    ends["rest"] = sleeper
    for how in ends:
        with Device() as device:
            rig.BEHAVIOUR[NEW] = ends[how]
            on_trial(device)
            cost[how] = 3 - device.journal().trial_left
            assert device.journal().state == TRIAL
    assert cost == {"return": 1, "exit": 1, "interrupt": 0, "reset": 1, "rest": 0}
    with Device() as device:
        rig.BEHAVIOUR[NEW] = raised
        on_trial(device)
        assert device.journal().state == IDLE


def test_nothing_counts_twice_behind_a_rest():
    for behind in (KeyboardInterrupt, SystemExit, None):
        with Device() as device:

            def rests(dfu, behind=behind):
                dfu.rest()
                dfu.rest()
                if behind:
                    raise behind

            rig.BEHAVIOUR[NEW] = rests
            on_trial(device)
            assert (device.journal().trial_left, device.journal().clean_runs) == (3, 1)


def test_ctrl_c_while_the_updater_works_on_after_main_gives_the_attempt_back():
    with Device() as device:

        def interrupt():
            raise KeyboardInterrupt

        def over(dfu):
            device.time.ends_ms, device.time.end = device.time.elapsed_ms + 5000, interrupt

        rig.BEHAVIOUR[NEW] = over
        settings(device, watchdog_s=0)
        on_trial(device)
        assert device.journal().trial_left == 3


# ---- trial


def test_a_hang_on_trial_is_cut_off_by_the_watchdog_and_reverted():
    with Device(watchdog_s=60) as device:
        rig.BEHAVIOUR[NEW] = lambda dfu: device.time.advance(10**6)
        device.offer(rig.app_image(NEW))
        ends = []
        while not device.reports() and len(ends) < 20:
            ends.append(device.boot(for_s=600))
        assert ends.count("watchdog") == 3, ends
        assert device.reports()[0]["err"].startswith("trial-failed:")
        assert rig.RUNS[-1] == OLD


def test_an_app_that_asks_the_notecard_itself_but_starves_the_updater_is_reverted():
    def deaf(dfu):
        while True:
            dfu.request({"req": "card.version"})
            dfu._boot.clock.sleep(1000)

    with Device(trial_s=100, trial_runs=2) as device:
        rig.BEHAVIOUR[NEW] = deaf
        device.offer(rig.app_image(NEW))
        until(device, device.reports)
        assert device.reports()[0]["err"].startswith("trial-failed:")


def test_a_good_app_is_not_confirmed_while_the_notecard_does_not_answer_beside_it():
    with Device() as device:

        def breaks_the_bus(dfu):
            device.engine.faults.set("nack", 1.0)
            dfu.confirm()
            rig.stay(dfu)

        rig.BEHAVIOUR[NEW] = breaks_the_bus
        on_trial(device)
        assert device.journal().state == TRIAL
        device.engine.faults.set("nack", 0.0)
        rig.BEHAVIOUR[NEW] = rig.confirm_and_stay
        device.boot(for_s=300)
        assert device.journal().state == IDLE


def test_a_setting_lets_an_app_be_confirmed_without_the_notecard():
    with Device(confirm_needs_notecard=False) as device:

        def only_confirms(dfu):
            assert dfu.confirm()

        rig.BEHAVIOUR[NEW] = only_confirms
        on_trial(device)
        assert device.journal().state == IDLE


def test_healthy_seconds_confirm():
    with Device(confirm_after_s=40) as device:
        rig.BEHAVIOUR[NEW] = rig.stay
        device.offer(rig.app_image(NEW))
        until(device, lambda: NEW in rig.RUNS, for_s=30)
        assert device.journal().state == TRIAL
        device.boot(for_s=120)
        assert device.journal().state == IDLE and rig.RUNS[-1] == NEW


def test_clean_runs_confirm_a_sleeper():
    with Device(confirm_after_runs=3) as device:
        rig.BEHAVIOUR[OLD] = rig.BEHAVIOUR[NEW] = sleeper
        device.offer(rig.app_image(NEW))
        until(device, lambda: NEW in rig.RUNS, for_s=20)
        assert device.journal().state == TRIAL
        sleepy_boots(device, 1)
        assert device.journal().state == TRIAL
        sleepy_boots(device, 1)
        assert device.journal().state == IDLE
        sleepy_boots(device, 1)
        assert [one["status"] for one in device.reports()] == ["installed 2.0.0+0"]


def test_a_sleeper_that_never_confirms_does_not_stay_on_trial_for_ever():
    with Device() as device:
        rig.BEHAVIOUR[OLD] = rig.BEHAVIOUR[NEW] = sleeper
        device.offer(rig.app_image(NEW))
        until(device, device.reports, most=130, for_s=20)
        assert device.reports()[0]["err"].startswith("unconfirmed:")
        assert rig.RUNS.count(NEW) == 100


def test_the_version_is_not_told_during_a_trial():
    with Device(trial_s=100) as device:
        rig.BEHAVIOUR[NEW] = rig.stay
        device.offer(rig.app_image(NEW))
        until(device, device.reports)
        sent = [one["version"]["version"] for one in device.requests("dfu.status") if "version" in one]
        assert sent == [OLD]


# ---- after the trial


def crash(dfu):
    raise ValueError("a week later")


def test_k_unclean_runs_lead_to_recovery_which_installs_the_next_image():
    with Device(failing_runs=4) as device:
        rig.BEHAVIOUR[OLD] = crash
        until(device, lambda: any("recovery" in line for line in device.said), for_s=100)
        assert rig.RUNS == [OLD] * 4
        device.offer(rig.app_image(NEW))
        until(device, lambda: NEW in rig.RUNS)
        until(device, device.reports)
        assert [one["status"] for one in device.reports()] == ["installed 2.0.0+0"]


def test_recovery_is_left_only_after_its_time_for_one_more_try():
    with Device(failing_runs=2, recovery_s=600) as device:
        rig.BEHAVIOUR[OLD] = crash
        until(device, lambda: any("recovery" in line for line in device.said), for_s=100)
        assert device.boot(for_s=500) == "power"
        assert device.boot(for_s=500) == "power"
        assert rig.RUNS == [OLD] * 2, "a power cut in recovery starts no failing app"
        assert device.boot(for_s=700) == "reset"
        device.boot(for_s=100)
        assert rig.RUNS == [OLD] * 3
        assert device.boot(for_s=100) == "power" and rig.RUNS == [OLD] * 3


def test_an_app_that_is_cut_off_again_and_again_ends_in_recovery():
    with Device(failing_runs=3) as device:
        rig.BEHAVIOUR[OLD] = lambda dfu: device.time.advance(10**9)
        until(device, lambda: any("recovery" in line for line in device.said), most=30, for_s=30)
        assert 3 <= len(rig.RUNS) <= 3 + 8


def test_a_healthy_run_clears_the_count():
    with Device(failing_runs=2) as device:
        rig.BEHAVIOUR[OLD] = crash
        device.boot(for_s=100)
        assert device.journal().unclean == 1
        rig.BEHAVIOUR[OLD] = rig.stay
        device.boot(for_s=100)
        assert (device.journal().unclean, device.journal().running) == (0, 0)


def test_the_first_app_of_an_empty_board_comes_from_notehub_and_fails_into_recovery():
    with Scratch() as folder:
        device = rig.Rig(folder, settings={"install": "ask"})
        rig.BEHAVIOUR[OLD] = crash
        rig.BEHAVIOUR[NEW] = rig.confirm_and_stay
        device.offer(rig.app_image(OLD))
        until(device, device.reports)
        assert rig.RUNS == [OLD] and device.journal().active == 0
        device.offer(rig.app_image(NEW))
        until(device, lambda: len(device.reports()) == 2)
        assert rig.RUNS == [OLD, NEW] and device.journal().active


def test_a_sleeper_writes_the_journal_in_one_wake_of_eight():
    with Device() as device:
        rig.BEHAVIOUR[OLD] = sleeper
        sleepy_boots(device, 1)  # the version goes out
        before = device.journal().sequence
        sleepy_boots(device, 64)
        assert 6 <= device.journal().sequence - before <= 26, "two writes in one wake of eight"
        assert device.journal().unclean == 0


# ---- consent


def test_an_image_that_nobody_asked_for_stays_pending_over_resets():
    with Device(install="ask") as device:
        device.offer(rig.app_image(NEW))
        device.boot(for_s=200)
        device.boot(for_s=200)
        assert device.journal().state == PENDING and rig.RUNS == [OLD, OLD]

        def agrees(dfu):
            assert dfu.pending
            dfu.install()

        rig.BEHAVIOUR[OLD] = agrees
        until(device, device.reports)
        assert rig.RUNS == [OLD, OLD, OLD, NEW]


def test_consent_is_for_one_image():
    with Device(install="ask") as device:
        rig.BEHAVIOUR[OLD] = lambda dfu: dfu.install() or rig.stay(dfu)
        device.offer(rig.app_image(NEW))
        until(device, device.reports)
        device.offer(rig.app_image(NEWER))
        device.boot(for_s=200)
        device.boot(for_s=200)
        assert device.journal().state == PENDING and rig.RUNS[-1] == NEW


def test_an_image_for_the_next_boot_waits_for_it():
    with Device(install="boot") as device:
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=200) == "power"
        assert device.journal().state == PENDING
        until(device, device.reports)
        assert rig.RUNS == [OLD, NEW]


def test_a_deferred_update_waits_longer_than_the_ticks_can_count():
    with Device() as device:
        seen = []

        def low_battery(dfu):
            dfu.defer(9 * 86400)
            for _ in range(10):
                dfu.poll(500)
                seen.append(device.engine.counters.image_bytes)
                device.time.advance(86400 * 1000 - 10000)
            for _ in range(60):
                dfu.work()

        rig.BEHAVIOUR[OLD] = low_battery
        settings(device, watchdog_s=0)
        device.offer(rig.app_image(NEW))
        device.boot(for_s=12 * 86400)
        assert seen[8] == 0 and device.engine.counters.image_bytes > 0, seen


# ---- images that failed


def blocked_device(device):
    rig.BEHAVIOUR[NEW] = crash
    for told in (1, 2):
        device.offer(rig.app_image(NEW))
        until(device, lambda told=told: len(device.reports()) == told)
    assert device.journal().failures(images.digest_of(rig.app_image(NEW))) == 2
    rig.BEHAVIOUR[NEW] = rig.confirm_and_stay


def test_the_setting_unblock_clears_the_list_once():
    with Device() as device:
        blocked_device(device)
        settings(device, unblock=True)
        device.offer(rig.app_image(NEW))
        until(device, lambda: len(device.reports()) == 3)
        assert device.reports()[2]["status"] == "installed 2.0.0+0"
        rig.BEHAVIOUR[NEWER] = crash
        device.offer(rig.app_image(NEWER))
        until(device, lambda: len(device.reports()) == 4)
        device.boot(for_s=100)
        assert device.journal().failures(images.digest_of(rig.app_image(NEWER))) == 1


def test_the_app_can_unblock():
    with Device() as device:
        blocked_device(device)
        rig.BEHAVIOUR[OLD] = lambda dfu: dfu.unblock() or rig.stay(dfu)
        device.offer(rig.app_image(NEW))
        until(device, lambda: len(device.reports()) == 3)
        assert device.reports()[2].get("err") is None


def test_a_download_that_was_begun_is_not_taken_for_a_signature():
    ours, theirs = signer.P256(b"ours"), signer.P256(b"theirs")
    with Device(allow_unsigned=False, keys=[ours.text], page=256) as device:
        rig.BEHAVIOUR[OLD] = hasty_sleeper
        good = rig.app_image(NEW, key=ours)
        forged = good[: good.rindex(b"\x22\x00")] + rig.app_image(NEW, key=theirs)[good.rindex(b"\x22\x00") :]
        journal = device.journal()
        journal.state, journal.identity, journal.length = STAGING, images.digest_of(good), len(forged)
        journal.save()
        device.offer(forged)
        until(device, device.reports, for_s=20)
        assert device.reports()[0]["err"].startswith("bad-signature:")
        assert device.engine.counters.image_bytes > len(forged), "the verdict came at the end"


# ---- one Notecard for two


def test_an_app_may_use_the_notecard_in_the_middle_of_a_download():
    with Device(page=256) as device:
        replies = []

        def shares(dfu):
            while True:
                dfu.poll(30)
                if dfu.busy:
                    replies.append(dfu.request({"req": "card.version"}))
                    dfu.request({"req": "hub.set", "mode": "minimum"})
                    dfu.request({"req": "hub.set", "mode": "periodic"})
                dfu._boot.clock.sleep(200)

        rig.BEHAVIOUR[OLD] = shares
        device.offer(rig.app_image(NEW, {"large.bin": bytes(6000)}))
        until(device, device.reports)
        assert len(replies) > 10 and all("version" in reply for reply in replies)
        assert device.reports()[0].get("err") is None and device.engine.violations == []


def test_a_driver_of_the_apps_own_may_use_the_bus_between_polls_and_the_store_too():
    with Device("9.1.1", page=256, form="binary") as device:
        said = []

        def shares(dfu):
            port = rig.RigPort(device)
            bus = port.bus(dfu._boot.settings)
            own = Notecard(I2CLink(bus, port.clock(), 0x17, 253, 1), port.clock(), Reply(), sequence=7)
            while True:
                dfu.poll(30)
                if dfu.busy:
                    said.append(own.request({"req": "card.version"}))
                    own.request({"req": "card.binary", "delete": True})
                dfu._boot.clock.sleep(200)

        rig.BEHAVIOUR[OLD] = shares
        device.offer(rig.app_image(NEW, {"large.bin": bytes(5000)}))
        until(device, device.reports)
        assert len(said) > 10 and all("version" in reply for reply in said)
        assert any(one.get("binary") for one in device.requests("dfu.get"))
        assert device.reports()[0].get("err") is None and device.engine.violations == []


# ---- bad days of the board


def test_the_app_runs_where_the_journal_can_not_be_written():
    with Device() as device:
        real = Journal._rewrite

        def worn(self, copy, record):
            raise OSError(5)

        rig.BEHAVIOUR[OLD] = lambda dfu: rig.stay(dfu)
        Journal._rewrite = worn
        try:
            device.boot(for_s=100)
            assert rig.RUNS == [OLD]
        finally:
            Journal._rewrite = real


def test_an_update_over_many_short_wakes():
    for staging, page in (("file", 2048), ("flash", 256), ("flash", 4096)):
        check_update_over_wakes(staging=staging, page=page)


def check_update_over_wakes(**settings):
    with Device(**settings) as device:
        rig.BEHAVIOUR[OLD] = rig.BEHAVIOUR[NEW] = hasty_sleeper
        device.offer(rig.app_image(NEW, {"large.bin": bytes(range(256)) * 80}))
        wakes = until(device, device.reports, for_s=20)
        assert wakes > 3, wakes
        assert device.reports()[0]["status"] == "installed 2.0.0+0"
        assert rig.RUNS.count(NEW) >= 1 and exists(device.root + "/notedfu.d/b/large.bin")
