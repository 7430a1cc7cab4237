"""What breaks on a board that nobody can reach: there is a way on, and no reset loop."""

import os

import rig
from fakecard import Bus, Card
from notedfu import swap
from notedfu.assemble import assemble
from notedfu.clock import Clock
from notedfu.errors import LinkError
from notedfu.filestage import FileStage
from notedfu.half import Half
from notedfu.i2c import I2CLink
from notedfu.journal import DFU_MODE, PENDING, TRIAL, Journal
from notedfu.offer import Offer
from scratch import Scratch
from tools.notecard.refusal import Refusal
from virtual import VirtualTime

HEAPSIZE = "32M"
OLD, NEW = "1.0.0", "2.0.0"
DAY_MS = 86400000


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
        return device

    def __exit__(self, *error):
        self._scratch.__exit__(*error)


def test_a_pin_that_the_board_has_not_does_not_keep_the_app_from_running():
    def no_such_pin(port, pin):
        raise ValueError("invalid pin")

    with Device(off_pin=99) as device:
        real, rig.RigPort.pin_is_low = rig.RigPort.pin_is_low, no_such_pin
        try:
            assert device.boot(for_s=60) == "power"
        finally:
            rig.RigPort.pin_is_low = real
        assert rig.RUNS == [OLD]


def test_a_command_long_ago_holds_no_request_up():
    time = VirtualTime()
    link = I2CLink(Bus(time, Card(time, lambda line: b"{}\r\n", 0), 253), time.clock())
    link.send(b"{}\n", 3)
    time.advance(7 * DAY_MS)  # more than half of what the ticks can count
    before = time.elapsed_ms
    link.send(b"{}\n", 3)
    assert time.elapsed_ms - before < 1000


def test_an_error_that_lasts_is_raised_anew_each_time():
    """MicroPython adds to an error's traceback whenever it is raised: 24 bytes and more of heap each time."""
    with Scratch() as folder:
        device = rig.Rig(folder)
        boot = rig.decide.Boot(rig.RigPort(device))
        half = Half(boot, None, None)

        def fails():
            raise ValueError("no such bus")

        half._assemble = fails
        found = []
        for _ in range(3):
            try:
                half.ready()
            except LinkError as error:
                assert error.code == "no-link" and error not in found
                found.append(error)
        assert len(found) == 3


def test_pauses_longer_than_the_ticks_can_measure_come_to_their_end():
    """CircuitPython's ticks wrap at 2**29 ms: differences reach three days, and check_s five."""
    time = VirtualTime()
    half = 1 << 28
    clock = Clock(time.ticks_ms, lambda b, a: (b - a + half) % (2 * half) - half, time.sleep_ms)
    with Scratch() as folder:
        device = rig.Rig(folder, settings={"check_s": 432000})
        boot = rig.decide.Boot(rig.RigPort(device))
        boot.clock = clock
        updater, _ = assemble(boot)
        steps = []

        def look():
            steps.append(time.elapsed_ms)
            updater._wait(432000000)
            return look

        updater._next = look
        for _ in range(24 * 16):
            updater.poll(0)
            time.advance(3600000)
        assert steps == [0, 5 * DAY_MS, 10 * DAY_MS, 15 * DAY_MS]


def test_an_image_without_room_is_never_staged_behind_what_another_one_left():
    with Device(page=256) as device:
        rig.BEHAVIOUR[OLD] = lambda dfu: rig.stay(dfu)
        device.offer(rig.app_image(NEW, {"large.bin": bytes(40000)}))
        device.boot(for_s=8)
        staged = os.stat(device.root + "/notedfu.d/staging.img")[6]
        assert 0 < staged < 40000, staged
        real, FileStage.capacity = FileStage.capacity, property(lambda self: 100)
        try:
            before = device.engine.counters.image_bytes
            device.engine.offer(rig.app_image("2.0.1", {"large.bin": bytes(50000)}), "next.img")
            device.engine.dfu.replace()
            device.boot(for_s=600)
            assert os.stat(device.root + "/notedfu.d/staging.img")[6] == staged
            assert device.engine.counters.image_bytes - before < 20000, "looks alone"
        finally:
            FileStage.capacity = real


def test_a_staging_without_room_is_not_kept_till_the_next_check():
    with Device(staging="flash") as device:
        device.offer(rig.app_image(NEW))
        boot = rig.decide.Boot(rig.RigPort(device))
        boot.load()
        boot.slots.room = lambda active: 0
        updater, _ = assemble(boot)
        updater.poll(10000)
        assert updater.problem.code == "no-room"
        assert updater._staging is None


class Worn:
    """For a `with`: the journal can't be written, or not where which(journal) says so."""

    def __init__(self, which=lambda journal: True):
        self._real = Journal._rewrite
        self._which = which

    def __enter__(self):
        Journal._rewrite = self._rewrite_of(self._real, self._which)

    def __exit__(self, *error):
        Journal._rewrite = self._real

    def _rewrite_of(self, real, which):
        def rewrite(journal, copy, record):
            if which(journal):
                raise OSError(5)
            real(journal, copy, record)

        return rewrite


def test_a_pending_image_makes_no_reset_loop_where_the_journal_can_not_be_written():
    with Device(install="boot") as device:
        device.offer(rig.app_image(NEW))
        device.boot(for_s=300)
        assert device.journal().state == PENDING
        device.write("/notedfu.json", b'{"allow_unsigned": true, "check_s": 60, "install": "now"}')
        with Worn():
            assert device.boot(for_s=600) == "power"
        assert rig.RUNS == [OLD, OLD]
        assert device.boot(for_s=600) == "reset"  # it was a passing fault
        assert device.boot(for_s=600) == "power"
        assert rig.RUNS[-1] == NEW


def test_a_swap_that_fails_here_is_tried_again_when_the_fault_may_have_passed():
    """`install: now`, and the filesystem fails: not all tries within seconds."""

    def fails(boot):
        raise OSError(28)

    with Device(install="now", check_s=600) as device:
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=1200) == "reset"
        real, swap.install = swap.install, fails
        try:
            assert device.boot(for_s=500) == "power"
        finally:
            swap.install = real
        assert device.journal().swap_left == 2 and rig.RUNS == [OLD, OLD]
        assert device.boot(for_s=300) == "reset"
        device.boot(for_s=300)
        assert rig.RUNS[-1] == NEW


def test_an_app_that_defers_is_not_reset_for_an_image_that_is_ready():
    def busy_later(dfu):
        told = []

        def at_the_end(done, total):
            if done == total and not told:
                told.append(done)
                dfu.defer(3000)

        dfu.progress = at_the_end
        for _ in range(8000):
            dfu.poll(1000)
            device.time.advance(1000)

    with Device() as device:
        rig.BEHAVIOUR[OLD] = busy_later
        device.offer(rig.app_image(NEW))
        before = device.time.elapsed_ms
        assert device.boot(for_s=9000) == "reset" and device.journal().state == PENDING
        assert device.time.elapsed_ms - before >= 3000 * 1000


def test_a_body_with_a_length_beyond_all_images_is_no_worse_than_none():
    assert Offer({"length": 1 << 30, "crc32": 1 << 32}).length is None
    assert Offer({"length": 1 << 30, "crc32": 1 << 32}).crc32 is None
    assert (Offer({"length": (1 << 30) - 1}).length, Offer({"crc32": 0xFFFFFFFF}).crc32) == (
        (1 << 30) - 1,
        0xFFFFFFFF,
    )


def test_an_image_that_can_not_be_written_down_as_pending_makes_no_reset_loop():
    with Device() as device:
        device.offer(rig.app_image(NEW))
        with Worn(lambda journal: journal.state == PENDING):
            assert device.boot(for_s=600) == "power"
        assert rig.RUNS == [OLD]


def test_a_swap_whose_record_can_not_be_written_runs_what_was_installed():
    with Device(install="boot") as device:
        device.offer(rig.app_image(NEW))
        device.boot(for_s=300)
        with Worn(lambda journal: journal.state == TRIAL):
            assert device.boot(for_s=300) == "power"
        assert rig.RUNS == [OLD, OLD]
        assert device.journal().swap_left == 2


def test_a_notecard_that_does_not_know_dfu_mode_gives_its_image_all_the_same():
    """The journal says that the mode was entered: on the Notecard that this one has taken the place of."""
    with Device() as device:
        journal = device.journal()
        journal.flags |= DFU_MODE
        journal.save()
        answer = device.engine._verbs["hub.set"]

        def asked(request):
            if request.get("mode") == "dfu-completed":
                raise Refusal("unrecognized mode")
            return answer(request)

        device.engine._verbs["hub.set"] = asked
        device.offer(rig.app_image(NEW))
        assert device.boot(for_s=600) == "reset"
        assert device.journal().state == PENDING and not device.journal().flags & DFU_MODE


def test_an_image_without_body_that_never_verifies_is_not_downloaded_for_ever():
    with Device() as device:
        device.engine.faults.set("body-missing", 1.0)
        image = bytearray(rig.app_image(NEW))
        image[1000] ^= 1  # header, TLVs and what they say of the digest are right
        device.offer(bytes(image))
        assert device.boot(for_s=3600) == "power"
        assert device.engine.counters.image_bytes < 4 * len(image), device.engine.counters.image_bytes
        assert [report["err"].split(":")[0] for report in device.reports()] == ["bad-digest"]


def check_idle_after(budget_ms):
    with Device(page=1024) as device:
        real = FileStage.append

        def slow(stage, view):
            real(stage, view)
            stage._clock.sleep(90)  # an erase, in which the time that poll() was given passes

        def shares(dfu):
            for number in range(1000):
                dfu.poll(budget_ms)
                if dfu.busy:
                    dfu.request({"req": "note.add", "file": "x.qo", "body": {"n": number}})
                dfu._boot.clock.sleep(50)

        rig.BEHAVIOUR[OLD] = shares
        device.offer(rig.app_image(NEW, {"large.bin": bytes(8000)}))
        FileStage.append = slow
        try:
            assert device.boot(for_s=60) == "reset"
        finally:
            FileStage.append = real
        numbers = [request["body"]["n"] for request in device.requests("note.add")]
        assert len(set(numbers)) == len(numbers) > 3, (budget_ms, numbers)


def test_no_poll_ends_with_a_request_on_its_way_however_long_flash_takes():
    """The app's own request would be sent in its place, twice."""
    for budget_ms in range(150, 320, 30):
        check_idle_after(budget_ms)
