"""An app that leaves an update no room on the heap: a boot fetches the image without it."""

import json

import rig
from notedfu.journal import ALONE, ALONE_BOOTS, ALONE_ONCE, IDLE
from test_way_on import NEW, OLD, Device

HEAPSIZE = "32M"
HOGS = []  # one entry while an app runs that leaves no room


def hog(dfu):
    """An app beside which no update fits."""
    HOGS.append(dfu)
    try:
        rig.stay(dfu)
    finally:
        HOGS.clear()


class NoRoom:
    """Beside a hog, or everywhere, preflight finds no room on the heap; for a `with`."""

    def __init__(self, everywhere=False):
        self._everywhere = everywhere
        self.failed = 0

    def __enter__(self):
        from notedfu.update import Updater

        self._updater, self._judge = Updater, Updater._judge

        def judge(updater, candidate):
            if HOGS or self._everywhere:
                self.failed += 1
                raise MemoryError
            return self._judge(updater, candidate)

        Updater._judge = judge
        return self

    def __exit__(self, *_):
        self._updater._judge = self._judge


def ends(device, most=12, for_s=2000):
    """How each boot ends, up to one in which the app stays."""
    ended = []
    while not ended or ended[-1] != "power":
        ended.append(device.boot(for_s))
        assert len(ended) <= most, device.said[-5:]
    return ended


def hogged(device):
    rig.BEHAVIOUR[OLD] = hog
    device.offer(rig.app_image(NEW))
    return device


def test_the_image_comes_in_a_boot_without_the_app():
    for install in ("now", "boot"):
        with Device(install=install) as device, NoRoom() as no_room:
            hogged(device)
            if install == "boot":
                assert device.boot(for_s=300) == "power"  # the app is not cut short
                assert device.journal().flags & ALONE
            ended = ends(device)
            assert rig.RUNS == [OLD, NEW], (install, device.said)
            assert ended == ["reset"] * (len(ended) - 1) + ["power"] and len(ended) <= 4
            assert no_room.failed == 5 or install == "boot"  # pages of 4096 to 256, and once a minute then
            assert [report["status"] for report in device.reports()] == ["installed 2.0.0+0"]
            assert device.journal().flags & (ALONE | ALONE_BOOTS) == 0
            assert device.journal().unclean == 0


def test_the_image_comes_where_not_even_the_smaller_page_is_found_again():
    from notedfu.dfu import Dfu

    def shrink(dfu):
        if HOGS:
            raise MemoryError
        return real(dfu)

    real, Dfu.shrink = Dfu.shrink, shrink
    try:
        with Device() as device, NoRoom():
            ends(hogged(device))
            assert rig.RUNS == [OLD, NEW], device.said
            assert [type(error) for error in device.complaints] == [MemoryError]
    finally:
        Dfu.shrink = real


def test_an_app_that_is_to_be_asked_is_not_passed_over():
    with Device(install="ask") as device, NoRoom():
        hogged(device)
        assert ends(device) == ["power"]
        assert rig.RUNS == [OLD]
        assert device.journal().flags & ALONE == 0
    with Device(install="boot") as device, NoRoom():
        assert hogged(device).boot(for_s=300) == "power" and device.journal().flags & ALONE
        device.settings["install"] = "ask"  # from now on
        device.write("/notedfu.json", json.dumps(device.settings).encode())
        assert ends(device) == ["power"]
        assert rig.RUNS == [OLD, OLD]


def test_no_room_even_so_costs_the_app_three_boots_for_an_image_and_no_more():
    with Device(check_s=60) as device, NoRoom(everywhere=True):
        hogged(device)
        ended = ends(device, for_s=20000)
        assert ended == ["reset"] * 4 + ["power"], ended
        assert rig.RUNS == [OLD, OLD]
        assert device.journal().flags & (ALONE | ALONE_BOOTS) == ALONE_BOOTS
        assert device.engine.dfu.mode == "ready"
        device.engine.dfu.mode = "idle"  # as when Notehub takes it back: the next image has its own three
        assert ends(device) == ["power"]
        assert device.journal().flags & ALONE_BOOTS == 0


def test_an_image_that_is_gone_costs_two_minutes():
    with Device() as device, NoRoom():
        hogged(device)
        assert device.boot(for_s=300) == "reset"
        device.engine.dfu.mode = "idle"
        began = device.time.elapsed_ms
        assert device.boot(for_s=300) == "reset"
        assert 120000 <= device.time.elapsed_ms - began < 130000
        assert ends(device) == ["power"]
        assert rig.RUNS == [OLD, OLD]


def test_a_board_whose_journal_can_not_be_written_runs_its_app():
    from notedfu.device import Device as Board

    with Device() as device, NoRoom():
        hogged(device)
        assert device.boot(for_s=300) == "reset"
        real, Board.save = Board.save, lambda self: False
        try:
            assert device.boot(for_s=300) == "power"
        finally:
            Board.save = real
        assert rig.RUNS == [OLD, OLD]


def test_a_cut_in_such_a_boot_is_one_of_three():
    with Device() as device, NoRoom():
        hogged(device)
        device.boot(for_s=300)
        assert device.boot(for_s=0.1) == "power"
        assert device.journal().flags & (ALONE | ALONE_BOOTS) == ALONE_ONCE
        assert device.journal().state == IDLE
        ends(device)
        assert rig.RUNS == [OLD, OLD, NEW]
