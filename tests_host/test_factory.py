"""A board whose firmware has formatted its filesystem, with the updater frozen in: it gets its app again."""

import json
import os
import sys

import rig
from check import raises
from notedfu import decide, factory
from notedfu.journal import IDLE
from scratch import Scratch, exists, read
from tools.flash.cut import PowerCut


class Frozen:
    """The module notedfu_json, as long as this lasts."""

    def __init__(self, **settings):
        self.TEXT = json.dumps(settings)

    def __enter__(self):
        sys.modules["notedfu_json"] = self

    def __exit__(self, *_):
        sys.modules.pop("notedfu_json")


def formatted(folder):
    """A device with nothing at all on its filesystem."""
    device = rig.Rig(folder)
    os.remove(folder + "/notedfu.json")
    return device


def test_a_formatted_board_fetches_its_app_by_the_frozen_settings():
    with Scratch() as folder, Frozen(allow_unsigned=True, check_s=60):
        device = formatted(folder)
        rig.BEHAVIOUR["2.0.0"] = rig.confirm_and_stay
        device.offer(rig.app_image("2.0.0"))
        for _ in range(4):
            device.boot()
        assert rig.RUNS[-1] == "2.0.0" and device.journal().state == IDLE, device.said
        assert [one["status"][:9] for one in device.reports()] == ["installed"]


def test_the_target_of_the_frozen_settings_holds_from_the_first_boot_on():
    # else the image of a firmware would be refused there, and Notehub told so
    with Scratch() as folder, Frozen(allow_unsigned=True, target="ota"):
        device = formatted(folder)
        device.banks = object
        one = decide.Boot(rig.RigPort(device))
        one.load()
        assert one.settings.target == "ota" and b"esp32" in one.slots.kinds and one.settings.error is None


def test_without_frozen_settings_nobody_is_trusted():
    with Scratch() as folder:
        device = formatted(folder)
        device.offer(rig.app_image("2.0.0"))
        for _ in range(2):
            device.boot(for_s=8000)
        assert rig.RUNS == []
        assert device.reports()[-1]["err"].startswith("unsigned")
        assert not exists(folder + "/notedfu.json")


def test_settings_that_are_there_are_not_touched():
    with Scratch() as folder, Frozen(check_s=99):
        device = rig.Rig(folder)
        device.boot(for_s=5)
        assert json.loads(read(folder + "/notedfu.json")) == device.settings


def test_a_cut_leaves_no_settings_or_all():
    def fail(old, new):
        raise PowerCut()

    with Scratch() as folder, Frozen(check_s=99):
        path = folder + "/notedfu.json"

        class Os:
            pass

        Os.rename = staticmethod(fail)
        factory.os = Os
        try:
            raises(PowerCut, factory.settings, path)
        finally:
            factory.os = os
        assert not exists(path)
        assert factory.settings(path)
        assert json.loads(read(path)) == {"check_s": 99}
