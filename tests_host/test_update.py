"""A whole update on the rig: offer, download, verify, swap, trial, confirm, report."""

import hashlib

import rig
from cards import Bench
from check import raises
from notedfu.errors import ImageError
from notedfu.offer import Offer
from notedfu.preflight import look
from scratch import Scratch


def device_with_app(folder, **settings):
    device = rig.Rig(folder, settings=settings)
    rig.BEHAVIOUR["1.0.0"] = rig.stay
    rig.BEHAVIOUR["2.0.0"] = rig.confirm_and_stay
    device.install_first("1.0.0")
    return device


def boots(device, most=8):
    """Boot until the device stays up."""
    for _ in range(most):
        if device.boot(for_s=300) == "power":
            return
    raise AssertionError("the device resets for ever: %s" % device.said)


def check_a_good_update(**settings):
    with Scratch() as folder:
        device = device_with_app(folder, **settings)
        device.offer(rig.app_image("2.0.0"))
        boots(device)
        assert rig.RUNS == ["1.0.0", "2.0.0"], (rig.RUNS, device.said)
        assert [report["status"] for report in device.reports()] == ["installed 2.0.0+0"]
        assert device.engine.dfu.mode == "completed"
        assert device.engine.violations == []
        assert device.complaints == []


def test_a_good_update_over_i2c_into_a_file():
    check_a_good_update(link="i2c", staging="file")


def test_a_good_update_over_i2c_into_flash():
    check_a_good_update(link="i2c", staging="flash")


def test_a_good_update_over_uart_into_a_file():
    check_a_good_update(link="uart", staging="file", uart_baud=115200)


def test_a_good_update_with_small_pages():
    check_a_good_update(link="i2c", staging="flash", page=256)


def test_what_is_too_short_to_be_an_image_has_the_identity_of_its_own_bytes():
    bench = Bench()
    bench.offer(b"short")
    for noise in (b"\x00", b"\xff"):
        bench.dfu.page[:] = noise * len(bench.dfu.page)
        error = raises(ImageError, look, bench.dfu, Offer({"length": 5}), hashlib.sha256)
        assert error.code == "short-image"
        assert error.identity == hashlib.sha256(b"short").digest()
