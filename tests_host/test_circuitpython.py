"""The whole way on CircuitPython: its port, its entry files, its rules.

On strict fakes, with the real busdevice.
"""

import json

import rig
from check import raises
from circuit import CircuitRig
from notedfu.journal import IDLE, PENDING, TRIAL
from scratch import Scratch
from tools.board.device.circuitpython import supervisor


def deployed(folder, settings=None, **board):
    """A board with app 1.0.0."""
    device = CircuitRig(folder, settings, **board)
    device.install_first("1.0.0")
    rig.BEHAVIOUR["1.0.0"] = rig.stay
    return device


def on_trial(folder, app, **board):
    """A board that has 2.0.0 staged and will try it at the next boot."""
    device = deployed(folder, **board)
    rig.BEHAVIOUR["2.0.0"] = app
    device.offer(rig.app_image("2.0.0"))
    assert device.boot() == "reset", device.said
    assert device.journal().state == PENDING
    return device


def give_drive_to_computer(device):
    device.write("/notedfu.json", json.dumps(dict(device.settings, drive="computer")).encode())


def test_a_whole_update_over_i2c():
    with Scratch() as folder:
        device = on_trial(folder, rig.confirm_and_stay)
        assert device.boot() == "power"
        assert rig.RUNS == ["1.0.0", "2.0.0"], device.said
        assert device.journal().state == IDLE
        assert [one["status"][:9] for one in device.reports()] == ["installed"]
        assert device.complaints == []


def test_a_whole_update_over_uart():
    with Scratch() as folder:
        device = on_trial(folder, rig.confirm_and_stay)
        give = dict(device.settings, link="uart", uart_baud=115200, uart_tx="GP12", uart_rx=13)
        device.write("/notedfu.json", json.dumps(give).encode())
        assert device.boot() == "power"
        assert rig.RUNS == ["1.0.0", "2.0.0"], device.said
        device.offer(rig.app_image("3.0.0"))
        rig.BEHAVIOUR["3.0.0"] = rig.confirm_and_stay
        assert device.boot(for_s=3600) == "reset"
        assert device.boot() == "power"
        assert rig.RUNS[-1] == "3.0.0"
        assert device.complaints == []


def test_the_next_update_is_installed_as_soon_as_it_is_ready():
    """The last one's swap has left its count in the record: that is no swap that failed."""
    with Scratch() as folder:
        device = on_trial(folder, rig.confirm_and_stay, settings={"check_s": 3600})
        assert device.boot(for_s=300) == "power"
        assert 0 < device.journal().swap_left < 3
        rig.BEHAVIOUR["3.0.0"] = rig.confirm_and_stay
        device.offer(rig.app_image("3.0.0"))
        assert device.boot(for_s=300) == "reset"


def test_a_save_that_runs_code_again_costs_no_attempt():
    with Scratch() as folder:
        device = on_trial(folder, rig.stay)
        device.boot(for_s=5)
        left = device.journal().trial_left
        for _ in range(5):
            assert device.reload(for_s=5, why=supervisor.RunReason.AUTO_RELOAD) == "power"
        assert device.journal().trial_left == left
        assert rig.RUNS == ["1.0.0"] + 6 * ["2.0.0"]


def saved(dfu):
    """The computer saves a file while the app runs."""
    supervisor.save()


def reload(dfu):
    import supervisor as there

    there.reload()


def test_a_save_while_the_app_runs_is_no_fault_of_the_app():
    for app, drive in ((saved, "computer"), (saved, "updater"), (reload, "updater")):
        with Scratch() as folder:
            device = on_trial(folder, app)
            device.write("/notedfu.json", json.dumps(dict(device.settings, drive=drive)).encode())
            began = device.time.elapsed_ms
            assert device.boot(for_s=60) == "reload"
            assert device.time.elapsed_ms - began < 60000, "code.py starts anew at once"
            assert device.journal().state == TRIAL
            assert device.complaints == []
            rig.BEHAVIOUR["2.0.0"] = rig.confirm_and_stay
            assert device.reload(for_s=60, why=device.device.run_reason) == "power"
            device.boot(for_s=60)
            assert device.journal().state == IDLE
            assert rig.RUNS[1:] == 3 * ["2.0.0"]


def test_a_save_is_no_unclean_run_of_a_confirmed_app():
    with Scratch() as folder:
        device = deployed(folder, {"failing_runs": 3})
        rig.BEHAVIOUR["1.0.0"] = saved
        device.boot(for_s=60)
        for _ in range(5):
            assert device.reload(for_s=60, why=supervisor.RunReason.AUTO_RELOAD) == "reload"
        assert device.journal().unclean == 0


def test_an_app_that_reloads_itself_without_end_is_reverted():
    for drive in ("updater", "computer"):
        with Scratch() as folder:
            device = on_trial(folder, reload)
            device.write("/notedfu.json", json.dumps(dict(device.settings, drive=drive)).encode())
            assert device.boot(for_s=60) == "reload"
            for _ in range(3):
                end = device.reload(for_s=60, why=supervisor.RunReason.SUPERVISOR_RELOAD)
            assert (end, rig.RUNS) == ("power", ["1.0.0", "2.0.0", "2.0.0", "2.0.0", "1.0.0"]), drive


def test_a_trial_ends_where_boot_py_fails_each_time_or_is_not_ours():
    for usb in (True, False):
        with Scratch() as folder:
            device = on_trial(folder, rig.stay, usb=usb)
            device.boot(for_s=5)
            for _ in range(4):
                assert device.boot_without_ours(for_s=5) == "power"
            assert rig.RUNS == ["1.0.0", "2.0.0", "2.0.0", "2.0.0", "1.0.0", "1.0.0"], usb
            # where the drive is read-only it waits in nvm
            assert device.journal().state == (TRIAL if usb else IDLE)
            device.boot(for_s=5)
            assert device.journal().state == IDLE and device.journal().outcome_text.startswith("trial-failed")


def test_an_app_is_confirmed_where_boot_py_is_not_ours():
    with Scratch() as folder:
        device = on_trial(folder, rig.confirm_and_stay)
        device.boot(for_s=0)
        device.boot_without_ours(for_s=60)
        for _ in range(5):
            device.boot_without_ours(for_s=60)
        assert rig.RUNS[-5:] == 5 * ["2.0.0"]


def waiting(folder, **settings):
    """A board with a confirmed app and an image that waits for boot.py, and what its app sees as problem."""
    device = deployed(folder, dict(settings, check_s=600))
    problems = []

    def notes(dfu):
        while True:
            dfu.work()
            problems.append(str(dfu.problem or ""))

    rig.BEHAVIOUR["1.0.0"] = notes
    rig.BEHAVIOUR["2.0.0"] = rig.confirm_and_stay
    device.offer(rig.app_image("2.0.0"))
    device.boot()
    assert device.journal().state == PENDING
    del device.said[:], problems[:]
    return device, problems


def test_an_image_that_boot_py_leaves_alone_is_a_problem_and_no_reset_without_end():
    with Scratch() as folder:
        device, problems = waiting(folder)
        for _ in range(2):
            assert device.boot_without_ours(for_s=300) == "power"
            assert problems and all(one.startswith("boot-py: ") for one in problems)
            assert len([line for line in device.said if line.startswith("boot-py: ")]) == 1
            assert rig.RUNS[-1] == "1.0.0" and device.journal().state == PENDING
            del device.said[:], problems[:]
        assert device.boot_without_ours(for_s=900) == "reset", "it may have been for once"
        device.boot()
        assert rig.RUNS[-1] == "2.0.0" and device.journal().state == IDLE


def test_an_image_that_has_to_wait_is_none_that_boot_py_has_left_alone():
    for settings, why in (
        ({"install": "ask"}, supervisor.RunReason.STARTUP),
        ({"install": "boot"}, supervisor.RunReason.AUTO_RELOAD),
        ({"install": "boot"}, supervisor.RunReason.SUPERVISOR_RELOAD),
    ):
        with Scratch() as folder:
            device, problems = waiting(folder, **settings)
            assert device.reload(for_s=60, why=why) == "power"
            assert problems and not any(problems) and not device.said, (settings, why)


def test_an_app_that_is_cut_off_on_every_run_is_reverted():
    with Scratch() as folder:
        device = on_trial(folder, rig.stay)
        for _ in range(4):
            device.boot(for_s=5)
        assert rig.RUNS == ["1.0.0", "2.0.0", "2.0.0", "2.0.0", "1.0.0"]


def crash(dfu):
    raise ValueError("a bug")


def leave(dfu):
    raise SystemExit


def test_an_app_that_raises_is_reverted_and_reported():
    with Scratch() as folder:
        device = on_trial(folder, crash)
        assert device.boot() == "reset"
        device.complaints.clear()
        assert device.boot() == "power"
        assert rig.RUNS == ["1.0.0", "2.0.0", "1.0.0"]
        assert device.reports()[-1]["err"].startswith("app-raised")


def test_an_app_that_exits_ends_in_a_reset_and_has_spent_its_run():
    with Scratch() as folder:
        device = on_trial(folder, leave)
        for _ in range(3):
            assert device.boot() == "reset"
        device.boot(for_s=5)
        assert rig.RUNS == ["1.0.0", "2.0.0", "2.0.0", "2.0.0", "1.0.0"]


def test_a_confirmation_that_can_not_be_written_waits_in_nvm_for_boot():
    with Scratch() as folder:
        device = on_trial(folder, rig.confirm_and_stay)
        give_drive_to_computer(device)
        assert device.boot() == "power"
        assert device.journal().state == TRIAL
        writes = device.device.nvm_writes
        device.reload(for_s=300)
        assert device.journal().state == TRIAL
        assert device.device.nvm_writes == writes  # it was there already
        device.boot(for_s=5)
        assert device.journal().state == IDLE
        for _ in range(4):
            device.boot(for_s=5)
        assert rig.RUNS[-1] == "2.0.0"


def test_a_revert_that_can_not_be_written_waits_in_nvm_for_boot():
    with Scratch() as folder:
        device = on_trial(folder, crash)
        give_drive_to_computer(device)
        assert device.boot() == "reset"
        device.boot(for_s=5)
        assert rig.RUNS == ["1.0.0", "2.0.0", "1.0.0"]


def test_without_nvm_such_a_trial_is_not_begun_and_ends_in_the_old_app():
    """It could neither be counted nor confirmed."""
    with Scratch() as folder:
        device = on_trial(folder, rig.confirm_and_stay, nvm=0)
        give_drive_to_computer(device)
        for _ in range(4):
            device.boot(for_s=60)
        assert rig.RUNS == ["1.0.0"] * 5
        assert device.journal().state == IDLE and device.journal().outcome_text.startswith("trial-failed")


def test_without_nvm_no_trial_lasts_for_ever_where_boot_py_is_missing():
    with Scratch() as folder:
        device = on_trial(folder, rig.stay, nvm=0)
        give_drive_to_computer(device)
        device.boot(for_s=5)
        for _ in range(6):
            device.boot_without_ours(for_s=5)
        assert rig.RUNS == ["1.0.0"] * 8 and device.journal().state == TRIAL
        give_drive_back = dict(device.settings, drive="updater")
        device.write("/notedfu.json", json.dumps(give_drive_back).encode())
        rig.BEHAVIOUR["2.0.0"] = rig.confirm_and_stay
        device.boot(for_s=60)
        assert rig.RUNS[-1] == "2.0.0" and device.journal().state == IDLE, "what is left of the trial is good"


def test_what_waits_in_nvm_belongs_to_one_record_alone():
    with Scratch() as folder:
        device = on_trial(folder, rig.confirm_and_stay)
        give_drive_to_computer(device)
        device.boot()
        record = device.journal()
        waiting = bytes(device.device.nvm[:256])
        record.save()  # another record than the one that it follows
        assert not record.adopt(waiting)
        assert record.state == TRIAL


def test_damaged_nvm_is_no_confirmation():
    with Scratch() as folder:
        device = on_trial(folder, rig.confirm_and_stay)
        give_drive_to_computer(device)
        device.boot()
        device.device.nvm[100] ^= 1
        rig.BEHAVIOUR["2.0.0"] = rig.stay
        device.boot(for_s=5)
        assert device.journal().state == TRIAL


def tear(device, done, rest):
    """Let the power fail in the second write to nvm: `done` bytes are new, the others old, or all `rest`."""
    nvm = device.device.nvm
    filled = bytes(nvm) if rest is None else rest * len(nvm)
    writes = []

    def on_write():
        writes.append(1)
        if len(writes) == 2:  # the first says that the run has begun, the second is the confirmation
            nvm[done:] = filled[done:]
            raise rig.PowerCycle()

    device.device.on_nvm = on_write
    assert device.boot(for_s=300) == "power"
    assert len(writes) == 2
    device.device.on_nvm = None


def test_a_torn_write_to_nvm_is_no_confirmation_and_costs_one_attempt_at_most():
    for done, rest in ((0, None), (1, None), (100, None), (212, None), (0, b"\x00"), (0, b"\xff")):
        with Scratch() as folder:
            device = on_trial(folder, rig.confirm_and_stay)
            give_drive_to_computer(device)
            tear(device, done, rest)
            device.boot(for_s=5)
            assert device.journal().state == TRIAL and device.journal().trial_left == 1, (done, rest)
            device.boot(for_s=300)
            device.boot(for_s=5)
            assert device.journal().state == IDLE
            assert rig.RUNS[-1] == "2.0.0"


def test_nothing_is_printed_in_boot():
    with Scratch() as folder:
        device = on_trial(folder, rig.stay)
        device.said.clear()
        device.device.begin_boot()
        device._life(lambda: device._run("boot.py"), 600)
        assert device.journal().state == TRIAL
        assert device.said == []


def test_the_drive_stays_the_computers_while_the_updater_is_off():
    with Scratch() as folder:
        device = deployed(folder, {"off_pin": "GP14"})
        device.boot(for_s=5)
        assert not device.device.code_readonly
        device.device.low_pins = ("GPIO14",)
        assert device.boot(for_s=5) == "repl"
        assert device.device.code_readonly
        assert device.device.taken == {}


def test_a_chip_without_usb_drive_needs_no_remount():
    with Scratch() as folder:
        device = on_trial(folder, rig.confirm_and_stay, usb=False)
        assert device.boot() == "power"
        assert device.journal().state == IDLE


def test_a_crash_of_the_interpreter_counts_as_an_unclean_run():
    with Scratch() as folder:
        device = deployed(folder, {"failing_runs": 2})
        for _ in range(2):
            assert device.safemode() == "reset"
        device.boot(for_s=5)
        assert rig.RUNS == []
        assert "recovery" in device.said[-1]


def test_a_crash_on_trial_costs_one_attempt():
    with Scratch() as folder:
        device = on_trial(folder, rig.stay)
        for _ in range(3):
            device.boot(for_s=5)
            device.safemode()
        device.boot(for_s=5)
        assert rig.RUNS == ["1.0.0", "2.0.0", "2.0.0", "2.0.0", "1.0.0"]


def test_a_bus_that_is_never_unlocked_is_a_fault_in_time():
    def hold(dfu):
        import board

        assert board.I2C().try_lock()
        dfu.poll()
        raise KeyboardInterrupt

    with Scratch() as folder:
        device = deployed(folder)
        rig.BEHAVIOUR["1.0.0"] = hold
        assert device.boot() == "repl"
        assert device.requests("dfu.status") == []


def test_the_app_shares_bus_and_lock():
    seen = []

    def look(dfu):
        import board

        dfu.request({"req": "card.version"})
        bus = board.I2C()
        assert bus.try_lock()
        seen.append(bus.probe(0x17))
        bus.unlock()
        rig.confirm_and_stay(dfu)

    with Scratch() as folder:
        device = on_trial(folder, look)
        assert device.boot() == "power"
        assert seen == [True]
        assert device.journal().state == IDLE


def test_a_watchdog_that_the_chip_can_not_have_is_left_off():
    with Scratch() as folder:
        device = deployed(folder, {"watchdog_s": 120})
        device.device.watchdog_limit_s = 8.388
        rig.BEHAVIOUR["1.0.0"] = lambda dfu: device.time.advance(100000)
        assert device.boot(for_s=300) == "power"
        assert [line for line in device.said if "no watchdog of 120 s" in line]


def test_an_app_runs_whatever_the_watchdog_raises():
    errors = [OSError(1), RuntimeError("no memory"), TypeError("mode")]

    def fail(timeout_s):
        raise errors.pop()

    while errors:
        with Scratch() as folder:
            device = deployed(folder, {"watchdog_s": 20})
            device.device.on_watchdog = fail
            rig.BEHAVIOUR["1.0.0"] = rig.stay
            assert device.boot(for_s=300) == "power"
            assert rig.RUNS == ["1.0.0"] and device.complaints == []
            assert [line for line in device.said if "no watchdog of 20 s" in line]


def test_an_app_may_stop_the_watchdog_and_poll_on():
    def work(dfu):
        import microcontroller

        dfu.poll(10)
        microcontroller.watchdog.mode = None
        device.time.advance(100000)
        rig.stay(dfu)

    with Scratch() as folder:
        device = deployed(folder, {"watchdog_s": 20})
        rig.BEHAVIOUR["1.0.0"] = work
        assert device.boot(for_s=300) == "power" and device.complaints == []


def test_a_person_gets_the_prompt_where_the_watchdog_can_not_be_stopped():
    told = []

    def tell(timeout_s):
        told.append(timeout_s)
        if timeout_s is None:
            raise TypeError("mode cannot be changed once set to WatchDogMode.RESET")

    def interrupt(dfu):
        raise KeyboardInterrupt

    with Scratch() as folder:
        device = deployed(folder, {"watchdog_s": 20})
        device.device.on_watchdog = tell
        rig.BEHAVIOUR["1.0.0"] = interrupt
        assert device.boot(for_s=300) == "repl" and told[-2:] == [None, 20]


def test_a_hang_is_bitten_where_the_chip_can():
    with Scratch() as folder:
        device = deployed(folder)
        rig.BEHAVIOUR["1.0.0"] = lambda dfu: device.time.advance(200000)
        assert device.boot(for_s=600) == "watchdog"


def test_without_hashlib_no_image_is_taken_and_the_app_runs():
    with Scratch() as folder:
        device = deployed(folder, has_hashlib=False)
        device.offer(rig.app_image("2.0.0"))
        assert device.boot() == "power"
        assert rig.RUNS == ["1.0.0"]
        assert device.journal().state == IDLE


def test_ctrl_c_leaves_the_repl():
    def stopped(dfu):
        raise KeyboardInterrupt

    with Scratch() as folder:
        device = on_trial(folder, stopped)
        left = 3
        assert device.boot(for_s=5) == "repl"
        assert device.journal().trial_left == left


def test_a_pin_that_the_board_lacks_is_named():
    from notedfu.errors import SettingsError
    from tools.board.device import circuitpython as fakes

    with Scratch() as folder:
        device = CircuitRig(folder)
        before = fakes.install(device.device)
        try:
            from notedfu.port.circuitpython import Port

            settings = device.settings_with(i2c_scl="D99", i2c_sda="D98")
            assert "D99" in raises(SettingsError, Port().bus, settings).text
        finally:
            fakes.restore(before)
