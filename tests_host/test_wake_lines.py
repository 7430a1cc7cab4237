"""The pins RTX and CTX on each interpreter: driven, pulled up and let go as the Notecard wants it."""

import sys

from tools.board.device import circuitpython as fakes


class Pin:
    """machine.Pin; `pins` has all by number."""

    IN, OUT, PULL_UP = "in", "out", "up"
    pins = {}

    def __init__(self, number, mode=None, pull=None, value=None):
        self.pins[number] = self
        self.low = False
        self.init(mode, pull, value)

    def init(self, mode=None, pull=None, value=None):
        self.state = (mode, pull, value)

    def value(self):
        assert self.state[0] == self.IN
        return int(self.state[1] == self.PULL_UP and not self.low)


class Machine:
    """The module, as far as it is asked."""

    Pin = Pin


class Settings:
    rtx_pin, ctx_pin = 2, 3


def lines_on_micropython():
    there = sys.modules.get("machine")
    sys.modules["machine"] = Machine
    sys.modules.pop("notedfu.port.micropython", None)
    try:
        from notedfu.port.micropython import Port

        return Port().wake_lines(Settings)
    finally:
        sys.modules.pop("notedfu.port.micropython")
        sys.modules.pop("machine")
        if there is not None:
            sys.modules["machine"] = there


def test_micropython():
    lines = lines_on_micropython()
    rtx, ctx = Pin.pins[2], Pin.pins[3]
    assert (rtx.state, ctx.state) == (("in", None, None), ("in", None, None)), "both float"
    lines.request()
    assert rtx.state == ("out", None, 1) and ctx.state[:2] == ("in", "up")
    assert lines.is_granted()
    ctx.low = True
    assert not lines.is_granted()
    lines.listen_no_more()
    assert ctx.state[:2] == ("in", None) and rtx.state[0] == "out"
    lines.release()
    assert rtx.state[:2] == ("in", None)


def test_circuitpython():
    board = fakes.Board(lambda: 0, None)
    before = fakes.install(board)
    try:
        from notedfu.port.circuitpython import Port

        lines = Port().wake_lines(Settings)
        assert board.driven == {} and sorted(board.taken) == ["GPIO2", "GPIO3"]
        ctx = board.taken["GPIO3"]
        lines.request()
        assert board.driven == {"GPIO2": True} and ctx.pull == "up"
        assert lines.is_granted()
        board.low_pins = ("GPIO3",)
        assert not lines.is_granted()
        lines.listen_no_more()
        assert ctx.pull is None and board.driven == {"GPIO2": True}
        lines.release()
        assert board.driven == {} and board.taken["GPIO2"].pull is None
    finally:
        fakes.restore(before)
        sys.modules.pop("notedfu.port.circuitpython")
