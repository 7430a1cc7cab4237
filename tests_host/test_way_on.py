"""What breaks on a board that nobody can reach: from each state there is a way on, and it is not a reset loop."""

import rig
from fakecard import Bus, Card
from notedfu.half import Half
from notedfu.i2c import I2CLink
from scratch import Scratch
from virtual import VirtualTime

from notedfu.errors import LinkError

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
        boot = rig.bootup.Boot(rig.RigPort(device))
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
