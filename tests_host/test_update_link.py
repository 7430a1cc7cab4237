"""The updater and the Notecard: whatever link and offer do, the image comes, and nothing is hammered."""

import gc
from collections import OrderedDict

import images
import rig
import signer
from check import Random
from notedfu.backoff import Backoff
from notedfu.journal import DFU_MODE, PENDING, STAGING
from scratch import Scratch, files
from tools.notecard.refusal import Refusal

HEAPSIZE = "64M"
TIMEOUT_S = 600
OLD, NEW, NEXT = "1.0.0", "2.0.0", "3.0.0"
MORE = {"data/table.bin": Random(5).bytes(12000)}
OTHER = {"data/table.bin": Random(6).bytes(12000)}
IMAGE = rig.app_image(NEW, MORE)


class Device:
    """A rig with the old app and an offer of IMAGE, for a `with`."""

    def __init__(self, preset="8.x", **settings):
        self._scratch = Scratch()
        self._preset = preset
        self._settings = {"page": 1024}
        self._settings.update(settings)

    def __enter__(self):
        device = rig.Rig(self._scratch.__enter__(), self._preset, self._settings)
        for version in (OLD, NEW, NEXT):
            rig.BEHAVIOUR[version] = rig.confirm_and_stay
        device.install_first(OLD)
        return device

    def __exit__(self, *error):
        self._scratch.__exit__(*error)
        rig.BEHAVIOUR.clear()  # which would keep the device
        gc.collect()


def boots(device, most=10, for_s=400):
    """Boot until the device stays up."""
    for _ in range(most):
        if device.boot(for_s) == "power":
            return
    raise AssertionError("the device resets for ever: %s" % device.said[-5:])


def check_installed(device, version=NEW, more=MORE, slot="b"):
    """Every file of the new app is there, and the Notecard is as it was."""
    assert rig.RUNS[-1] == version, (rig.RUNS, device.said[-5:])
    assert files(device.root + "/notedfu.d/" + slot) == rig.app_files(version, more)
    assert device.engine.dfu.mode == "completed"
    assert device.engine.hub.mode == "periodic"
    assert device.engine.store.data == b""
    assert device.engine.violations == []
    assert device.journal().flags & DFU_MODE == 0


def at_half(device, act):
    """Let the old app call act() once, when half of the image is staged."""
    done = []

    def main(dfu):
        def progress(have, total):
            if 2 * have >= total and not done:
                done.append(have)
                act(dfu)

        dfu.progress = progress
        rig.stay(dfu)

    rig.BEHAVIOUR[OLD] = main
    return done


def wrap(device, verb, rule):
    """Let rule(request) look at each request `verb` first; it may raise Refusal."""
    answer = device.engine._verbs[verb]

    def asked(request):
        rule(request)
        return answer(request)

    device.engine._verbs[verb] = asked


class Refused:
    """A rule: the requests for which which(request) is true are refused, `times` times. Keeps when."""

    def __init__(self, device, which, times=1 << 20):
        self._device = device
        self._which = which
        self._times = times
        self.at_s = []

    def __call__(self, request):
        if self._which(request) and len(self.at_s) < self._times:
            self.at_s.append(self._device.elapsed_ms() // 1000)
            raise Refusal("sorry, not now")


# ---- an image that is replaced


def check_replaced(successor, more, rate=0.0, staging="file"):
    with Device(staging=staging) as device:
        engine = device.engine
        engine.faults.set("body-missing", rate)
        device.offer(IMAGE)
        engine.offer(successor, "next.img")
        at_half(device, lambda dfu: engine.dfu.replace())
        boots(device)
        assert rig.RUNS == [OLD, NEXT], (rig.RUNS, device.said)
        check_installed(device, NEXT, more)
        assert len(device.reports()) == 1


def test_a_successor_of_the_same_length_is_downloaded_anew():
    successor = rig.app_image(NEXT, OTHER)
    assert len(successor) == len(IMAGE)
    check_replaced(successor, OTHER)
    check_replaced(successor, OTHER, staging="flash")


def test_a_successor_without_a_body_is_told_by_its_digest():
    check_replaced(rig.app_image(NEXT, OTHER), OTHER, rate=1.0)


def test_a_shorter_or_a_longer_successor_is_downloaded_anew():
    for size in (2000, 20000):
        more = {"data/table.bin": Random(7).bytes(size)}
        check_replaced(rig.app_image(NEXT, more), more)
        check_replaced(rig.app_image(NEXT, more), more, rate=1.0)


def check_signed_anew(first, second, staging):
    """Between two boots the same app is uploaded with another signature: one identity, another length."""
    with Device(staging=staging) as device:
        engine = device.engine
        device.offer(first)

        def unplugged(dfu):
            raise rig.PowerCycle()

        at_half(device, unplugged)
        assert device.boot() == "power" and device.journal().state == STAGING
        engine.offer(second, "signed.img")
        engine.dfu.replace()
        rig.BEHAVIOUR[OLD] = rig.stay
        boots(device)
        assert device.complaints == []
        check_installed(device)
        assert [report.get("status") for report in device.reports()] == ["installed 2.0.0+0"]


def test_an_image_that_is_signed_anew_in_mid_course_has_its_own_length():
    signed = rig.app_image(NEW, MORE, key=signer.P256(b"a"))
    assert images.digest_of(signed) == images.digest_of(IMAGE) and len(signed) > len(IMAGE)
    for staging in ("file", "flash"):
        check_signed_anew(IMAGE, signed, staging)
        check_signed_anew(signed, IMAGE, staging)


def test_an_image_that_is_replaced_in_its_second_download_is_not_refused():
    with Device() as device:
        engine, halves = device.engine, []

        def main(dfu):
            def progress(have, total):
                if have < total // 2:
                    halves.append(have)
                elif len(halves) > total // 1024 and engine.dfu.queue:
                    engine.dfu.replace()

            dfu.progress = progress
            rig.stay(dfu)

        rig.BEHAVIOUR[OLD] = main
        device.offer(IMAGE)
        engine.dfu.body["md5"] = "0" * 32
        engine.offer(rig.app_image(NEXT, OTHER), "next.img")
        boots(device)
        assert engine.counters.image_bytes > 3 * len(IMAGE)
        assert [report.get("status") for report in device.reports()] == ["installed 3.0.0+0"]
        check_installed(device, NEXT, OTHER)


def test_an_image_that_the_notecard_gave_up_is_cleared_and_its_successor_comes():
    with Device() as device:
        engine = device.engine
        engine.dfu.supersede = "error"
        device.offer(IMAGE)
        at_half(device, lambda dfu: engine.offer(rig.app_image(NEXT, OTHER), "next.img"))
        boots(device)
        assert [stop["text"][:11] for stop in engine.dfu.stops] == ["superseded:", "installed 3"]
        check_installed(device, NEXT, OTHER)


def check_lost_stop(preset):
    with Device(preset) as device:
        engine, lost = device.engine, []

        def lose(request):
            if request.get("stop") and not lost:
                lost.append(1)
                engine.faults.set("lost-reply", at=(0,))

        wrap(device, "dfu.status", lose)
        device.offer(IMAGE)
        engine.offer(rig.app_image(NEXT, OTHER), "next.img")
        boots(device)
        assert lost and rig.RUNS == [OLD, NEW, NEXT], (preset, rig.RUNS)
        assert [stop["name"][:3] for stop in engine.dfu.stops if stop["name"]] == ["app", "nex"]
        check_installed(device, NEXT, OTHER, slot="a")


def test_a_stop_whose_reply_is_lost_never_stops_the_successor():
    check_lost_stop("legacy")
    check_lost_stop("9.1.1")


# ---- a body that is missing


def test_a_missing_body_is_asked_for_again_then_the_container_says_the_length():
    with Device() as device:
        device.engine.faults.set("body-missing", 1.0)
        first = Refused(device, lambda request: False)
        wrap(device, "dfu.get", lambda request: first.at_s.append(device.elapsed_ms() // 1000))
        device.offer(IMAGE)
        began_s = device.elapsed_ms() // 1000
        boots(device)
        assert 30 <= first.at_s[0] - began_s <= 40
        check_installed(device)


def test_a_body_that_comes_late_is_used():
    with Device() as device:
        device.engine.faults.set("body-missing", at=(1, 2, 3))
        device.offer(IMAGE)
        boots(device)
        check_installed(device)


def test_without_sums_damage_costs_one_whole_new_download():
    with Device() as device:
        device.engine.faults.set("body-missing", 1.0).set("chunk-corrupt", at=(20,))
        device.offer(IMAGE)
        boots(device)
        check_installed(device)
        assert len(IMAGE) < device.engine.counters.image_bytes < 3 * len(IMAGE)


def test_staging_that_lost_a_bit_costs_one_whole_new_download_and_is_no_verdict():
    with Device() as device:
        path, flipped = device.root + "/notedfu.d/staging.img", []

        def main(dfu):
            def progress(have, total):
                if have == total and not flipped:
                    flipped.append(total)
                    with open(path, "r+b") as file:
                        file.seek(5000)
                        file.write(bytes((IMAGE[5000] ^ 1,)))

            dfu.progress = progress
            rig.stay(dfu)

        rig.BEHAVIOUR[OLD] = main
        device.offer(IMAGE)
        boots(device)
        assert flipped == [len(IMAGE)]
        check_installed(device)
        assert 2 * len(IMAGE) <= device.engine.counters.image_bytes < 3 * len(IMAGE)


def test_an_image_that_was_refused_for_its_transfer_has_a_new_download_when_it_is_offered_again():
    with Device() as device:
        engine = device.engine
        device.offer(IMAGE)
        engine.dfu.body["md5"] = "0" * 32
        boots(device)
        assert [report["err"][:7] for report in device.reports()] == ["bad-md5"]
        engine.faults.set("chunk-corrupt", at=(engine.faults.transaction + 12,))
        device.offer(IMAGE)
        boots(device)
        assert engine.faults.counts["chunk-corrupt"] == 1
        check_installed(device)


def test_a_body_whose_md5_is_no_hex_is_no_reason_to_stumble():
    with Device() as device:
        offer = device.offer(IMAGE)
        device.engine.dfu.body["md5"] = "x" * 32
        boots(device)
        assert device.complaints == []
        assert device.reports()[-1]["err"].startswith("bad-md5:"), offer


def test_an_unguarded_look_at_the_wrong_piece_is_no_verdict():
    with Device("legacy") as device:
        answer, wrong = device.engine._verbs["dfu.get"], []

        def get(request):
            if request.get("length") == 32 and not wrong:
                wrong.append(request.pop("offset"))
                request["offset"] = 64
            return answer(request)

        device.engine._verbs["dfu.get"] = get
        device.offer(IMAGE)
        boots(device)
        assert wrong == [0]
        check_installed(device)


# ---- outboard


def test_outboard_is_explained_and_asked_about_ever_less_often():
    with Device(check_s=600) as device:
        seen = []

        def watch(dfu):
            while True:
                dfu.poll()
                seen.append(str(dfu.problem))
                device.time.advance(1000)

        rig.BEHAVIOUR[OLD] = watch
        device.engine.dfu.outboard = "stm32"
        device.offer(IMAGE)
        device.boot(7200)
        assert seen[0].startswith("outboard:") and "card.dfu" in seen[0]
        assert len(device.requests("dfu.status")) < 25
        assert device.reports() == []
        device.engine.dfu.outboard = None
        rig.BEHAVIOUR[OLD] = rig.stay
        boots(device, for_s=700)
        check_installed(device)


# ---- DFU mode


def test_dfu_mode_is_in_the_journal_before_it_is_asked_for():
    with Device("legacy") as device:
        modes = []
        wrap(
            device,
            "hub.set",
            lambda request: modes.append((request["mode"], device.journal().flags & DFU_MODE)),
        )
        device.offer(IMAGE)
        boots(device)
        assert modes == [("dfu", DFU_MODE), ("dfu-completed", DFU_MODE)]
        check_installed(device)


def test_after_a_power_cut_in_dfu_mode_the_first_request_leaves_it():
    with Device("legacy") as device:

        def cut(dfu):
            raise rig.PowerCycle()

        at_half(device, cut)
        device.offer(IMAGE)
        assert device.boot() == "power"
        assert device.engine.hub.mode == "dfu"
        before = len(device.records)
        rig.BEHAVIOUR[OLD] = rig.stay
        boots(device)
        requests = [request for request, _ in device.records[before:] if isinstance(request, dict)]
        assert (
            requests[0] == {"req": "hub.set", "mode": "dfu-completed"}
            or requests[0]["mode"] == "dfu-completed"
        )
        check_installed(device)
        assert device.engine.counters.image_bytes < len(IMAGE) + 4096


def test_dfu_mode_is_never_left_where_it_was_not_entered():
    for preset in ("5.x", "8.x", "9.1.1"):
        with Device(preset) as device:
            device.offer(IMAGE)
            boots(device)
            check_installed(device)
            assert device.requests("hub.set") == []


def test_dfu_mode_is_left_after_a_defect():
    with Device("legacy") as device:

        def stumble(dfu):
            raise ValueError("a defect of the app's own progress()")

        at_half(device, stumble)
        device.offer(IMAGE)
        boots(device, for_s=100)
        assert [type(error) for error in device.complaints] == [ValueError]
        check_installed(device)
        assert device.engine.hub.dfu_left == device.engine.hub.dfu_entered == 1, "and the download went on"


def test_dfu_mode_that_ends_in_mid_download_is_entered_again_and_nothing_is_lost():
    with Device("legacy") as device:
        at_half(device, lambda dfu: device.engine.hub.expire())
        device.offer(IMAGE)
        boots(device)
        check_installed(device)
        assert device.engine.counters.image_bytes < len(IMAGE) + 4096


def test_a_mode_that_never_takes_effect_is_left_and_tried_ever_less_often():
    with Device("legacy", check_s=3600) as device:
        device.engine.hub.dfu_entry_ms = 1 << 40
        device.offer(IMAGE)
        device.boot(5 * 3600)
        modes = [request["mode"] for request in device.requests("hub.set")]
        assert modes.count("dfu") > 2 and modes[-1] == "dfu-completed", modes
        assert device.engine.hub.dfu_left <= 16
        assert device.engine.hub.mode == "periodic"


# ---- chunks, memory, refusals


def test_pages_that_never_come_whole_are_asked_for_in_smaller_pieces():
    with Device(page=4096, form="base64") as device:
        sizes = []

        def rule(request):
            sizes.append(request.get("length", 0))
            if request.get("length", 0) > 1024:
                device.engine.faults.set("chunk-md5-wrong", at=(0,))

        wrap(device, "dfu.get", rule)
        device.offer(IMAGE)
        boots(device)
        check_installed(device)
        assert sizes.count(4096) == sizes.count(2048) == 2, sizes
        assert sizes.count(1024) > 8


def test_a_heap_that_is_too_small_for_the_page_makes_it_smaller():
    with Device(page=4096, form="base64") as device:
        from notedfu import transfer  # the updater forgets it

        step, failed = transfer.Transfer.step, []

        def starved(self, hurry):
            if len(self._view) > 1024:
                failed.append(len(self._view))
                raise MemoryError()
            return step(self, hurry)

        transfer.Transfer.step = starved
        try:
            device.offer(IMAGE)
            boots(device)
        finally:
            transfer.Transfer.step = step
        assert failed == [4096, 2048]
        check_installed(device)


def test_a_heap_that_is_always_too_small_is_a_problem_of_its_own_and_no_refusal():
    with Device(page=512, check_s=600, install="ask") as device:
        from notedfu import transfer  # the updater forgets it

        step, failed, seen = transfer.Transfer.step, [], []

        def starved(self, hurry):
            failed.append(len(self._view))
            raise MemoryError()

        def watch(dfu):
            while True:
                dfu.poll()
                seen.append(str(dfu.problem))
                device.time.advance(1000)

        rig.BEHAVIOUR[OLD] = watch
        transfer.Transfer.step = starved
        try:
            device.offer(IMAGE)
            device.boot(3000)
        finally:
            transfer.Transfer.step = step
        assert failed[:3] == [512, 256, 256] and len(failed) <= 7, failed
        assert seen[-1].startswith("no-memory:")
        assert device.engine.dfu.mode == "ready"


def test_a_refusal_in_mid_download_costs_no_byte_that_is_staged():
    with Device() as device:
        rule = Refused(device, lambda request: request.get("offset", 0) > 6000 and request["length"] > 900, 2)
        wrap(device, "dfu.get", rule)
        device.offer(IMAGE)
        boots(device)
        assert len(rule.at_s) == 2
        check_installed(device)
        assert device.engine.counters.image_bytes < len(IMAGE) + 4096


def test_a_notecard_that_refuses_the_binary_form_gives_the_image_as_base64():
    for verb, which in (
        ("dfu.get", lambda request: request.get("binary", False)),
        ("card.binary.get", lambda request: True),
    ):
        with Device("9.1.1", page=4096) as device:
            rule = Refused(device, which)
            wrap(device, verb, rule)
            device.offer(IMAGE)
            boots(device)
            assert len(rule.at_s) == 3, (verb, rule.at_s)
            check_installed(device)


def test_a_piece_that_is_always_refused_is_asked_for_ever_less_often():
    with Device(check_s=3600) as device:
        rule = Refused(device, lambda request: request.get("offset", 0) > 6000 and request["length"] > 900)
        wrap(device, "dfu.get", rule)
        device.offer(IMAGE)
        device.boot(5 * 3600)
        gaps = [rule.at_s[i + 1] - rule.at_s[i] for i in range(len(rule.at_s) - 1)]
        assert len(gaps) <= 16, gaps
        assert gaps[0] < 20 and gaps[-1] >= 3600, gaps
        assert device.engine.dfu.mode == "ready"


def test_an_outcome_that_is_never_taken_is_told_ever_less_often():
    """Without a body nobody but preflight knows which image it is about: it looks each time."""
    with Device(check_s=3600) as device:
        rule = Refused(device, lambda request: request.get("stop"))
        wrap(device, "dfu.status", rule)
        device.engine.faults.set("body-missing", 1.0)
        device.offer(b"no image" * 100)
        device.boot(5 * 3600)
        gaps = [rule.at_s[i + 1] - rule.at_s[i] for i in range(len(rule.at_s) - 1)]
        assert len(gaps) <= 16 and gaps[-1] >= 3600, gaps


def test_pauses_double_up_to_the_check_interval_and_only_progress_makes_them_short():
    backoff = Backoff(60000)
    assert [backoff.fault() for _ in range(6)] == [4000, 8000, 16000, 32000, 60000, 60000]
    assert not backoff.exhausted
    backoff.reached(0)
    assert backoff.fault() == 60000 and backoff.exhausted
    backoff.reached(100)
    assert backoff.fault() == 4000
    backoff.reached(100)
    assert backoff.fault() == 8000
    backoff.reset()
    assert backoff.fault() == 4000
    for _ in range(50):
        assert backoff.fault() <= 60000


# ---- the store, check, voltage, status


def test_the_binary_store_is_clean_after_a_power_cut_whatever_comes_of_the_image():
    with Device("9.1.1", form="binary") as device:

        def cut(dfu):
            device.engine.dfu.superseded()
            raise rig.PowerCycle()

        at_half(device, cut)
        device.offer(IMAGE)
        assert device.boot() == "power"
        assert device.engine.store.data
        rig.BEHAVIOUR[OLD] = rig.stay
        boots(device)
        assert device.engine.store.data == b""


def check_store_after(install, failing):
    """failing(n): what becomes of the n-th request that is to clear the store."""
    with Device("9.1.1", form="binary", install=install) as device:
        tried = []

        def rule(request):
            if request.get("delete"):
                assert device.engine.store.data
                tried.append(1)
                failing(len(tried))

        wrap(device, "card.binary", rule)
        device.offer(IMAGE)
        device.boot(400)
        assert tried
        if install == "boot":
            assert device.journal().state == PENDING and device.engine.store.data == b""
        boots(device)
        check_installed(device)


def test_the_binary_store_is_cleared_after_the_power_went_in_its_clearing():
    def failing(n):
        if n == 1:
            raise rig.PowerCycle()

    check_store_after("now", failing)


def test_the_binary_store_is_cleared_while_an_image_waits_for_a_reset():
    def failing(n):
        if n <= 12:  # two transactions with their retries
            raise Refusal("the host's data was damaged {io}")

    check_store_after("boot", failing)


def test_a_binary_form_that_never_comes_through_is_given_up_for_base64():
    for text in ("sorry, not in this form", "what is binary? {io}"):
        with Device("9.1.1", page=4096) as device:

            def rule(request, text=text):
                if request.get("binary"):
                    raise Refusal(text)

            wrap(device, "dfu.get", rule)
            device.offer(IMAGE)
            boots(device)
            check_installed(device)


def test_the_notecard_is_looked_at_every_check_s():
    for check_s, most, least in ((600, 8, 6), (60, 62, 55)):
        with Device(check_s=check_s) as device:
            device.boot(3600)
            looks = [req for req in device.requests("dfu.status") if "version" not in req]
            assert least <= len(looks) <= most, len(looks)


def test_the_voltage_setting_goes_out_once_per_change():
    first, second = "usb:1;high:1;normal:0;low:0;dead:0", "usb:1;high:0;normal:0;low:0;dead:0"
    with Device(voltage=first) as device:
        import json

        def sent():
            return [req["vvalue"] for req in device.requests("dfu.status") if "vvalue" in req]

        boots(device)
        boots(device)
        assert sent() == [first]
        device.settings["voltage"] = second
        device.write("/notedfu.json", json.dumps(device.settings).encode())
        boots(device)
        boots(device)
        assert sent() == [first, second]
        assert device.engine.dfu.vvalue == second


def test_a_notecard_that_refuses_version_or_voltage_gives_its_image_all_the_same():
    for member in ("version", "vvalue"):
        with Device(voltage="usb:1") as device:
            wrap(device, "dfu.status", Refused(device, lambda request: member in request))  # noqa: B023
            device.offer(IMAGE)
            boots(device)
            check_installed(device)


def test_a_notecard_that_calls_the_version_damaged_gives_its_image_all_the_same():
    with Device("5.x") as device:

        def rule(request):
            if isinstance(request.get("version"), dict):
                raise Refusal("an object where a text is expected {io}")

        wrap(device, "dfu.status", rule)
        device.offer(IMAGE)
        boots(device)
        check_installed(device)


def test_a_large_body_hides_no_offer_in_whatever_order_the_members_come():
    for size in (700, 800, 850, 900, 950, 1000, 3000):
        with Device() as device:
            dfu = device.engine.dfu
            device.offer(IMAGE)
            dfu.body["info"] = {"about": "x" * size}
            say = dfu._user_status

            def sorted_status(say=say):
                found = say()
                return OrderedDict([(name, found[name]) for name in sorted(found)])

            dfu._user_status = sorted_status
            boots(device)
            check_installed(device)


def test_the_app_sees_every_member_of_dfu_status():
    with Device(install="ask") as device:
        seen = []

        def watch(dfu):
            while not dfu.pending:
                dfu.poll()
                seen.append(dfu.status)
                device.time.advance(1000)
            rig.stay(dfu)

        rig.BEHAVIOUR[OLD] = watch
        device.offer(IMAGE)
        boots(device)
        status = seen[-1]
        assert (status["mode"], status["on"], status["status"]) == ("ready", True, "successfully downloaded")
        body = status["body"]
        for member in (
            "crc32",
            "created",
            "info",
            "length",
            "md5",
            "modified",
            "name",
            "notes",
            "source",
            "type",
        ):
            assert member in body, member
        assert body["length"] == len(IMAGE)


def test_the_apps_web_requests_are_waited_for_as_long_as_a_server_may_take():
    with Device() as device:
        replies = []

        def main(dfu):
            device.engine.latency_ms = 80000
            replies.append(dfu.request({"req": "web.get", "route": "weather"}))
            device.engine.latency_ms = 20
            rig.stay(dfu)

        rig.BEHAVIOUR[OLD] = main
        device.boot(400)
        assert [list(reply) for reply in replies] == [["err"]]  # of a simulator that has no web
        assert device.complaints == []


# ---- the app puts a download off


def test_an_app_puts_a_download_off_before_it_begins():
    with Device(check_s=600) as device:

        def busy(dfu):
            dfu.defer(3000)
            rig.stay(dfu)

        rig.BEHAVIOUR[OLD] = busy
        device.offer(IMAGE)
        device.boot(2900)
        assert device.requests("dfu.get") == []
        assert device.boot(200) == "power"  # deferred anew, as the app is
        rig.BEHAVIOUR[OLD] = rig.stay
        boots(device)
        check_installed(device)


def check_put_off_in_mid_course(preset, staging):
    with Device(preset, staging=staging, page=1024) as device:
        engine, quiet = device.engine, []

        def busy(dfu):
            dfu.defer(5000)

        def main(dfu):
            half = []

            def progress(have, total):
                if 2 * have >= total and not half:
                    half.append(device.elapsed_ms())
                    busy(dfu)

            dfu.progress = progress
            while True:
                dfu.poll()
                if half and 30000 < device.elapsed_ms() - half[0] < 4900000:
                    quiet.append((len(device.records), engine.hub.mode, dfu.busy))
                device.time.advance(1000)

        rig.BEHAVIOUR[OLD] = main
        device.offer(IMAGE)
        boots(device, for_s=6000)
        assert len(quiet) > 100
        assert len(set(quiet)) == 1, "the bus is left alone meanwhile"
        assert quiet[0][1:] == ("periodic", False)
        check_installed(device)
        # a page that was on its way, preflight again, and the block that flash staging fetches again
        assert engine.counters.image_bytes < len(IMAGE) + 1024 + 2048 + 4096


def test_an_app_stops_a_download_in_mid_course_without_loss():
    check_put_off_in_mid_course("8.x", "file")
    check_put_off_in_mid_course("legacy", "flash")
    check_put_off_in_mid_course("9.1.1", "flash")


def test_an_app_that_ends_its_deferral_gets_the_update_within_seconds():
    with Device(check_s=3600) as device:

        def main(dfu):
            dfu.defer(100000)
            for _ in range(60):
                dfu.poll()
                device.time.advance(1000)
            assert device.requests("dfu.get") == []
            dfu.defer(0)
            rig.stay(dfu)

        rig.BEHAVIOUR[OLD] = main
        device.offer(IMAGE)
        boots(device, for_s=200)
        check_installed(device)


def test_dfu_mode_that_could_not_be_left_is_left_while_the_app_puts_updates_off():
    with Device("legacy") as device:
        modes = []
        refused = Refused(device, lambda request: request.get("mode") == "dfu-completed", 1)
        wrap(device, "hub.set", refused)

        def main(dfu):
            dfu.progress = lambda have, total: 2 * have < total or dfu.defer(800)
            while True:
                dfu.poll()
                if refused.at_s:
                    modes.append(device.engine.hub.mode)
                device.time.advance(1000)

        rig.BEHAVIOUR[OLD] = main
        device.offer(IMAGE)
        device.boot(400)
        assert "dfu" in modes and modes[10:] and set(modes[10:]) == {"periodic"}, modes[:20]
