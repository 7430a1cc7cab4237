"""Bad news travels: the old app runs, nothing is lost, and Notehub hears why, with a stable code."""

import images
import rig
import tars
from notedfu.filestage import FileStage
from notedfu.journal import IDLE
from scratch import Scratch, write
from tools.flash.blockdev import BlockDevice
from tools.flash.nor import NorFlash

OLD, NEW = "1.0.0", "2.0.0"


class Device:
    """A rig with the old app, in a folder of its own, for a `with`."""

    def __init__(self, preset="8.x", **settings):
        self._scratch = Scratch()
        self._preset = preset
        self._settings = settings

    def __enter__(self):
        device = rig.Rig(self._scratch.__enter__(), self._preset, self._settings)
        rig.BEHAVIOUR[OLD] = rig.stay
        rig.BEHAVIOUR[NEW] = rig.confirm_and_stay
        device.install_first(OLD)
        write(device.root + "/users.txt", b"the user's")
        return device

    def __exit__(self, *error):
        self._scratch.__exit__(*error)


def boots(device, most=10, for_s=300):
    """Boot until the device stays up."""
    for _ in range(most):
        if device.boot(for_s) == "power":
            return
    raise AssertionError("the device resets for ever: %s" % device.said[-5:])


def check_refused(device, code, stopped=1):
    """The old app runs, the Notecard was told `code`, and nothing is under way."""
    assert rig.RUNS[-1] == OLD, rig.RUNS
    reports = device.reports()
    assert len(reports) == stopped, (reports, device.said[-5:])
    assert reports[-1]["err"].startswith(code + ":"), reports
    assert device.engine.dfu.mode == "error"
    assert device.engine.violations == []
    assert device.complaints == []
    journal = device.journal()
    assert (journal.state, journal.outcome, journal.flags & 1) == (IDLE, 0, 0)
    with open(device.root + "/users.txt", "rb") as file:
        assert file.read() == b"the user's"


def image_of(payload, files=1, size=3, version=(2, 0, 0, 0), more=()):
    return images.unsigned(payload, images.usual(version, (size, files)) + list(more), version=version)


def refused(image, code, fault=None, **settings):
    with Device(**settings) as device:
        if fault:
            device.engine.faults.set(fault[0], 1.0, value=fault[1])
        device.offer(image)
        boots(device)
        check_refused(device, code)
        return device.engine.counters


def test_a_wrong_crc32_is_refused_after_one_whole_new_download():
    image = rig.app_image(NEW)
    counters = refused(image, "bad-crc32", ("image-crc32", 0))
    assert 2 * len(image) <= counters.image_bytes < 3 * len(image)


def test_a_wrong_md5_is_refused_after_one_whole_new_download():
    image = rig.app_image(NEW)
    counters = refused(image, "bad-md5", ("image-md5", 0))
    assert 2 * len(image) <= counters.image_bytes < 3 * len(image)


def test_a_bit_that_flips_on_the_notecard_is_refused():
    refused(rig.app_image(NEW), "bad-crc32", ("image-corrupt", 700))


def test_a_truncated_image_is_refused():
    refused(rig.app_image(NEW)[:-5], "bad-area")


def test_an_image_with_bytes_behind_it_is_refused():
    refused(rig.app_image(NEW) + b"more", "trailing-bytes")


def test_what_is_no_image_is_refused():
    refused(b"PK\x03\x04" + bytes(2000), "bad-magic")
    refused(b"short", "short-image")


def test_a_payload_that_is_no_tar_is_refused():
    refused(image_of(b"this is no archive" * 60), "bad-tar")


def test_a_path_that_leaves_the_slot_is_refused():
    refused(image_of(tars.archive(tars.file(b"../main.py", b"x=1"))), "bad-path")


def test_an_unsigned_image_is_refused_unless_the_settings_say_otherwise():
    refused(rig.app_image(NEW), "unsigned", allow_unsigned=False)


def test_no_image_is_erased_for_or_downloaded_before_the_verdict():
    counters = refused(rig.app_image(NEW), "unsigned", allow_unsigned=False)
    assert counters.image_bytes < 1000
    assert counters.requests["dfu.get"] <= 3


def test_an_app_that_raises_at_import_is_reverted_at_once():
    with Device() as device:
        device.offer(rig.app_image(NEW, {"app.py": b"raise ValueError('at import')\n"}))
        boots(device)
        device.complaints = [one for one in device.complaints if not isinstance(one, ValueError)]
        check_refused(device, "app-raised")
        assert device.journal().failures(
            images.digest_of(rig.app_image(NEW, {"app.py": b"raise ValueError('at import')\n"}))
        )


def test_an_app_that_raises_in_main_is_reverted_at_once():
    def broken(dfu):
        raise KeyError("sensor")

    with Device() as device:
        rig.BEHAVIOUR[NEW] = broken
        device.offer(rig.app_image(NEW))
        boots(device)
        assert rig.RUNS.count(NEW) == 1
        assert [type(one) for one in device.complaints] == [KeyError]
        device.complaints = []
        check_refused(device, "app-raised")


def test_an_app_that_never_confirms_is_reverted_when_its_attempts_are_used_up():
    with Device(trial_runs=2, trial_s=60) as device:
        rig.BEHAVIOUR[NEW] = rig.stay
        device.offer(rig.app_image(NEW))
        boots(device)
        assert rig.RUNS.count(NEW) == 2
        check_refused(device, "trial-failed")


def test_an_app_that_is_cut_off_on_every_run_is_reverted():
    with Device(trial_runs=3) as device:
        rig.BEHAVIOUR[NEW] = rig.stay
        device.offer(rig.app_image(NEW))
        while not device.reports():
            device.boot(for_s=20)
        assert rig.RUNS.count(NEW) == 3
        check_refused(device, "trial-failed")


def test_an_image_that_failed_two_trials_is_blocked():
    def broken(dfu):
        raise KeyError("sensor")

    with Device() as device:
        rig.BEHAVIOUR[NEW] = broken
        for _ in range(3):
            device.offer(rig.app_image(NEW))
            boots(device)
        assert rig.RUNS.count(NEW) == 2
        device.complaints = []
        check_refused(device, "blocked", stopped=3)


def test_an_image_that_never_fits_is_refused_and_told():
    with Device(staging="flash") as device:
        device.region = BlockDevice(NorFlash(bytearray(b"\xff" * 8192)), 0, 2)
        device.offer(rig.app_image(NEW, {"large.bin": bytes(9000)}))
        boots(device)
        check_refused(device, "too-large")
        assert "takes 4096 bytes" in device.reports()[0]["err"]
        assert device.engine.counters.image_bytes < 5000  # header and TLVs, once


def test_no_room_keeps_the_image_on_the_notecard_and_says_so():
    with Device() as device:
        seen = []

        def watch(dfu):
            for _ in range(10):
                dfu.poll(500)
                seen.append(dfu.problem)
            rig.stay(dfu)

        real, FileStage.capacity = FileStage.capacity, property(lambda stage: 8192)
        rig.BEHAVIOUR[OLD] = watch
        device.offer(rig.app_image(NEW, {"large.bin": bytes(9000)}))
        try:
            boots(device)
        finally:
            FileStage.capacity = real
        assert seen[-1].code == "no-room"
        assert "8192" in str(seen[-1])
        assert device.engine.dfu.mode == "ready"
        assert device.reports() == []
        assert device.engine.counters.image_bytes < 5000  # header and TLVs, at each check


def test_an_old_app_at_the_root_never_shadows_the_slot():
    with Device() as device:
        write(
            device.root + "/app.py", b"import rig\n\n\ndef main(dfu):\n    rig.RUNS.append('the old one')\n"
        )
        device.offer(rig.app_image(NEW))
        boots(device)
        assert rig.RUNS == [OLD, NEW]


def test_the_running_image_is_not_installed_again():
    with Device() as device:
        device.offer(rig.app_image(OLD))
        boots(device)
        assert rig.RUNS == [OLD]
        assert [report["status"] for report in device.reports()] == ["already runs"]
        assert device.engine.counters.image_bytes < 1000


def test_the_version_goes_out_in_its_ten_keys_once_per_change():
    with Device() as device:
        boots(device)
        boots(device)
        sent = [req["version"] for req in device.requests("dfu.status") if "version" in req]
        assert len(sent) == 1
        assert (sent[0]["version"], sent[0]["ver_major"]) == ("1.0.0", 1)
        device.offer(rig.app_image(NEW))
        boots(device)
        sent = [req["version"]["version"] for req in device.requests("dfu.status") if "version" in req]
        assert sent == ["1.0.0", "2.0.0"]


def test_a_marker_that_came_by_cable_and_says_nonsense_stands_in_no_updates_way():
    numbers = b'firmware::info:{"version":"1.0.0","ver_major":"one"}\0'
    for marker in (
        b"firmware::info:{",
        numbers,
        b"firmware::info:[]\0",
        b'firmware::info:{"version":"7.0.0"}\0',
    ):
        with Device() as device:
            tlvs = [("marker", marker)] + images.usual((1, 0, 0, 0))[1:]
            device.install_first(OLD, image=images.unsigned(b"", tlvs, version=(1, 0, 0, 0)))
            device.offer(rig.app_image(NEW))
            boots(device)
            assert rig.RUNS == [OLD, NEW], (marker, device.said)
            sent = [req["version"] for req in device.requests("dfu.status") if "version" in req]
            assert sent[0] == "1.0.0+0" and sent[1]["version"] == NEW, (marker, sent)


def test_a_legacy_notecard_is_brought_into_dfu_mode_and_out_of_it():
    with Device(preset="legacy") as device:
        device.offer(rig.app_image(NEW))
        boots(device)
        assert rig.RUNS == [OLD, NEW]
        modes = [req["mode"] for req in device.requests("hub.set")]
        assert modes[0] == "dfu" and modes[-1] == "dfu-completed", modes


def test_a_legacy_notecard_is_left_in_its_mode_when_the_image_is_refused():
    with Device(preset="legacy", allow_unsigned=False) as device:
        device.offer(rig.app_image(NEW))
        boots(device)
        check_refused(device, "unsigned")
        assert device.requests("hub.set")[-1]["mode"] == "dfu-completed"


def test_bad_settings_let_the_installed_app_run_and_take_no_image():
    with Device(lnik="uart") as device:
        seen = []

        def watch(dfu):
            dfu.poll(500)
            seen.append(str(dfu.problem))
            rig.stay(dfu)

        rig.BEHAVIOUR[OLD] = watch
        device.offer(rig.app_image(NEW))
        boots(device)
        assert rig.RUNS == [OLD]
        assert "lnik" in seen[0]
        assert device.engine.dfu.mode == "ready"


def test_ctrl_c_on_trial_gives_the_attempt_back_and_leaves_the_repl():
    def interrupted(dfu):
        raise KeyboardInterrupt

    with Device() as device:
        rig.BEHAVIOUR[NEW] = interrupted
        device.offer(rig.app_image(NEW))
        while NEW not in rig.RUNS:
            device.boot(for_s=300)
        assert device.journal().trial_left == 3
        assert "Ctrl-C" in device.said[-1]
        assert device.boot() == "repl"
        assert device.journal().trial_left == 3
