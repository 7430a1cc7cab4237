"""RTX and CTX: a Notecard that sleeps is woken for each transaction, and allowed to sleep after it."""

import rig
from check import code_of
from notedfu.errors import LinkError
from notedfu.waker import Waker
from scratch import Scratch
from tools.notecard.i2c import I2CBus, I2CFrontEnd
from virtual import VirtualTime


class Lines:
    """A Notecard's two pins; it wakes `wake_ms` after RTX went high, None for never."""

    def __init__(self, now, wake_ms):
        self._now = now
        self._wake_ms = wake_ms
        self._asked_ms = None
        self.pulled = False
        self.woken = 0

    def request(self):
        self.pulled = True
        if self._asked_ms is None:
            self._asked_ms = self._now()
            self.woken += 1

    def is_granted(self):
        assert self.pulled, "without its pull-up CTX says nothing"
        return self.is_awake()

    def is_awake(self):
        if self._asked_ms is None or self._wake_ms is None:
            return False
        return self._now() - self._asked_ms >= self._wake_ms

    def listen_no_more(self):
        self.pulled = False

    def release(self):
        self._asked_ms = None


def woken(wake_ms):
    time = VirtualTime()
    lines = Lines(lambda: time.elapsed_ms, wake_ms)
    return time, lines, Waker(lines, time.clock())


def test_it_waits_until_ctx_is_high():
    for wake_ms in (1, 250, 29000):
        time, lines, waker = woken(wake_ms)
        waker.start()
        assert wake_ms <= time.elapsed_ms <= wake_ms + 2
        assert lines.is_awake() and not lines.pulled
        waker.stop()
        assert not lines.is_awake()


def test_a_notecard_without_the_feature_passes_at_once():
    time, lines, waker = woken(0)
    waker.start()
    assert time.elapsed_ms == 0


def test_one_that_never_wakes_is_an_error_after_30_s_and_both_pins_float():
    time, lines, waker = woken(None)
    assert code_of(LinkError, waker.start) == "no-notecard"
    assert 30000 <= time.elapsed_ms < 30100
    assert not lines.pulled and lines._asked_ms is None


class SleepingBus(I2CBus):
    """A bus on which a Notecard that sleeps does not acknowledge."""

    def __init__(self, lines, *args):
        super().__init__(*args)
        self._lines = lines

    def _run(self, transaction, address, what):
        if not self._lines.is_awake():
            raise OSError(5)
        return super()._run(transaction, address, what)


class SleepingPort(rig.RigPort):
    """A rig's port whose Notecard sleeps unless RTX is high."""

    lines = None

    def wake_lines(self, settings):
        assert (settings.rtx_pin, settings.ctx_pin) == (6, 7)
        SleepingPort.lines = Lines(self._rig.elapsed_ms, 40)
        return SleepingPort.lines

    def bus(self, settings):
        return LateBus(I2CFrontEnd(self._rig.engine), self._rig.time.advance, settings.i2c_hz)


class LateBus(SleepingBus):
    """The lines are made after the bus."""

    def __init__(self, *args):
        super().__init__(None, *args)

    def _run(self, transaction, address, what):
        self._lines = SleepingPort.lines
        return super()._run(transaction, address, what)


def check_update(preset, form):
    port, rig.RigPort = rig.RigPort, SleepingPort
    try:
        with Scratch() as folder:
            device = rig.Rig(folder, preset, {"rtx_pin": 6, "ctx_pin": 7, "form": form, "page": 1024})
            rig.BEHAVIOUR["1.0.0"] = rig.stay
            rig.BEHAVIOUR["2.0.0"] = rig.confirm_and_stay
            device.install_first("1.0.0")
            device.offer(rig.app_image("2.0.0"))
            for _ in range(4):
                if device.boot(300) == "power":
                    break
            assert rig.RUNS == ["1.0.0", "2.0.0"], device.said
            assert device.engine.dfu.mode == "completed"
            assert device.engine.counters.garbled == 0
            assert SleepingPort.lines._asked_ms is None
            assert SleepingPort.lines.woken > 3
    finally:
        rig.RigPort = port


def test_a_whole_update_from_a_notecard_that_sleeps():
    check_update("8.x", "base64")


def test_a_binary_frame_is_fetched_before_it_sleeps_again():
    check_update("9.1.1", "binary")
