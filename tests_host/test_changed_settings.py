"""Settings that change, or are damaged, while an image is on its way: it comes all the same."""

import json

import rig
from notedfu.journal import IDLE, PENDING, STAGING
from scratch import Scratch
from test_way_on import NEW, OLD, Device

HEAPSIZE = "32M"
LARGE = {"large.bin": bytes(20000)}


def write(device, **settings):
    settings.update({"allow_unsigned": True, "check_s": 60})
    device.write("/notedfu.json", json.dumps(settings).encode())


def begun(device, state):
    """An image that is half here (STAGING), or waits for a reset (PENDING)."""
    device.offer(rig.app_image(NEW, LARGE))
    device.boot(for_s=4 if state == STAGING else 600)
    assert device.journal().state == state


def check_comes(device, downloads):
    for _ in range(4):
        if device.boot(for_s=900) == "power" and rig.RUNS[-1] == NEW:
            break
    assert rig.RUNS[-1] == NEW and device.journal().state == IDLE, device.said[-3:]
    assert [report.get("status") for report in device.reports()] == ["installed 2.0.0+0"]
    assert device.engine.counters.image_bytes < downloads * 25000 + 16000


def test_another_medium_costs_one_more_download():
    for before, after in (("file", "flash"), ("flash", "file")):
        for state in (STAGING, PENDING):
            with Device(install="boot", staging=before, page=1024) as device:
                begun(device, state)
                write(device, staging=after, page=1024)
                check_comes(device, 2)


def test_another_page_costs_next_to_nothing():
    for before, after in ((4096, 256), (256, 8192)):
        for medium in ("file", "flash"):
            with Device(install="boot", staging=medium, page=before) as device:
                begun(device, STAGING)
                write(device, staging=medium, page=after)
                check_comes(device, 1)


def test_with_damaged_settings_the_app_runs_and_the_image_comes_when_they_are_mended():
    for state in (STAGING, PENDING):
        for damage in (b"{", b"[" * 20000):
            with Device(install="boot", staging="flash", page=1024) as device:
                begun(device, state)
                device.write("/notedfu.json", damage)
                for _ in range(2):
                    assert device.boot(for_s=300) == "power" and rig.RUNS[-1] == OLD
                write(device, staging="flash", page=1024)
                check_comes(device, 2)


def test_an_image_that_waits_outlives_a_target_whose_modules_are_not_on_the_board():
    from notedfu import swap

    def missing(boot):
        raise ImportError("no module named 'notedfu.otaswap'")

    with Scratch() as folder:
        device = rig.Rig(folder)
        device.install_first("1.0.0")
        rig.BEHAVIOUR["1.0.0"] = rig.stay
        rig.BEHAVIOUR["2.0.0"] = rig.confirm_and_stay
        device.offer(rig.app_image("2.0.0"))
        assert device.boot() == "reset"
        install, swap.install = swap.install, missing
        try:
            assert device.boot(for_s=30) == "power"
        finally:
            swap.install = install
        assert rig.RUNS == ["1.0.0", "1.0.0"]
        assert device.boot() == "reset"
        assert device.boot() == "power"
        assert rig.RUNS[-1] == "2.0.0"
