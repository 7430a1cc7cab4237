"""The firmware of an Espressif board with CircuitPython, by dualbank: what it does, and what it can't."""

import sys

import ota
import rig
from circuit import CircuitRig
from notedfu.journal import IDLE, TRIAL
from scratch import Scratch
from tools.board import firmware
from tools.board.device.circuitpython.dualbank import Firmwares

OLD, NEW, APP = "1.0.0", "2.0.0", "1.0.0"
_MODULE = "notedfu.port.dualbanks"


def made(version, **more):
    more.setdefault("chip", firmware.ESP32_S3)
    return firmware.made(version, **more)


class Uname:
    """os.uname() of the firmware that runs."""

    def __init__(self, version):
        self.version = version
        self.machine = "Some Feather with ESP32S3"

    def __str__(self):
        return "%s %s" % (self.version, self.machine)


class On:
    """A device with an app and the old firmware, for a `with`."""

    def __init__(self, app=rig.confirm_and_stay, **settings):
        self._scratch = Scratch()
        self._app = app
        self._settings = settings

    def __enter__(self):
        device = CircuitRig(self._scratch.__enter__(), dict(self._settings, target="ota"), usb=False)
        device.banks = lambda: None  # nobody asks these, from outside
        device.device.extended = False
        device.device.firmwares = self.firmwares = Firmwares(made(OLD))
        device.install_first(APP)
        rig.BEHAVIOUR[APP] = self._app
        boot = device.boot

        def with_uname(*more):
            from tools.board.device import circuitpython as fakes

            if not device.has_dualbank:
                sys.modules[_MODULE] = None
                return boot(*more)
            before = fakes.install(device.device)
            from notedfu.port import dualbanks

            fakes.restore(before)
            dualbanks._uname = lambda: Uname(self.firmwares.version)
            return boot(*more)

        device.boot = with_uname
        device.has_dualbank = True
        self._module = sys.modules.get(_MODULE)
        device.firmwares = self.firmwares
        return device

    def __exit__(self, *error):
        if sys.modules.get(_MODULE) is None:
            sys.modules.pop(_MODULE, None)
            if self._module is not None:
                sys.modules[_MODULE] = self._module
        self._scratch.__exit__(*error)


def told(device, image):
    """The code that is reported of an image, None where it is installed."""
    device.offer(image)
    ota.boots(device, lambda: len(device.reports()) > 0)
    err = device.reports()[0].get("err")
    return err and err.split(":")[0]


def test_a_firmware_is_installed_and_kept_with_the_app():
    with On() as device:
        assert told(device, ota.image(NEW, made(NEW))) is None, device.said
        assert device.firmwares.version == NEW
        assert device.journal().active == 2 and device.journal().state == IDLE
        for _ in range(3):
            device.boot(60)
            assert device.firmwares.version == NEW and rig.RUNS[-1] == APP
        device.offer(ota.image("3.0.0", made("3.0.0")))
        ota.boots(device, lambda: len(device.reports()) == 2)
        assert device.firmwares.version == "3.0.0" and device.journal().active == 1
        assert not device.complaints, device.complaints


def test_an_app_that_raises_on_it_switches_back():
    with On() as device:

        def raises_on_new(dfu):
            if device.firmwares.version == NEW:
                raise ValueError("no such module")
            rig.stay(dfu)

        rig.BEHAVIOUR[APP] = raises_on_new
        assert told(device, ota.image(NEW, made(NEW))) == "app-raised"
        device.boot(60)
        assert device.firmwares.version == OLD and rig.RUNS[-1] == APP
        assert device.journal().active == 1


def test_a_trial_has_as_many_runs_as_an_apps_and_then_it_switches_back():
    with On(rig.stay, trial_runs=2) as device:
        device.offer(ota.image(NEW, made(NEW)))
        ota.boots(device, lambda: device.firmwares.version == NEW)
        assert device.journal().state == TRIAL
        ota.boots(device, lambda: len(device.reports()) > 0)
        assert device.reports()[0]["err"].startswith("trial-failed")
        device.boot(60)
        assert device.firmwares.version == OLD and rig.RUNS[-1] == APP


def test_what_dualbank_does_not_take_is_refused_and_the_old_one_stays():
    broken = bytearray(made(NEW))
    broken[-1] ^= 1
    for bin, code in (
        (bytes(broken), "bad-firmware"),
        (made(OLD), "bad-firmware"),  # the same version string as what runs
        (made(NEW, size=70000), "bad-firmware"),
        (made(NEW, chip=firmware.ESP32), "wrong-chip"),
    ):
        with On() as device:
            assert told(device, ota.image(NEW, bin)) == code
            device.boot(60)
            assert device.firmwares.version == OLD and rig.RUNS[-1] == APP


def test_where_the_drive_takes_the_second_firmwares_room_the_old_one_stays_and_it_is_said():
    with On() as device:
        device.device.extended = True
        assert told(device, ota.image(NEW, made(NEW))) == "swap-failed"
        assert device.firmwares.version == OLD and rig.RUNS[-1] == APP


def test_power_that_fails_while_it_is_written_or_behind_the_switch():
    for name in ("write", "switch"):
        with On() as device:
            device.offer(ota.image(NEW, made(NEW)))
            assert device.boot(120) == "reset"
            whole = getattr(device.firmwares, name)
            calls = []

            def cut(*more, whole=whole, name=name, calls=calls):
                calls.append(1)
                if name == "switch" or len(calls) < 3:
                    whole(*more)
                if name == "switch" or len(calls) == 3:
                    raise rig.PowerCycle

            setattr(device.firmwares, name, cut)
            assert device.boot(120) == "power"
            setattr(device.firmwares, name, whole)
            ota.boots(device, lambda: len(device.reports()) > 0)
            assert device.reports()[0].get("err") is None
            assert device.firmwares.version == NEW and rig.RUNS[-1] == APP


def test_a_board_without_dualbank_takes_no_firmware_and_runs_its_app():
    with On() as device:
        device.has_dualbank = False
        device.offer(ota.image(NEW, made(NEW)))
        device.boot(120)
        assert rig.RUNS[-1] == APP and not device.reports()
