"""Native firmware on an ESP32 with OTA slots: installed, kept, rolled back, refused; what runs is asked."""

import json
import sys

import ota
import rig
from check import code_of, raises
from notedfu.errors import LocalError
from notedfu.journal import IDLE, PENDING, TRIAL
from notedfu.otastage import OtaStage
from scratch import Scratch
from tools.board import firmware
from tools.board.device import bootloader, esp32
from virtual import VirtualTime

OLD, NEW = "1.0.0", "2.0.0"
APP = "1.0.0"
MEDIA = (ota.IN_SLOT, ota.IN_FILE)


class On:
    """A device with an app and the old firmware, for a `with`."""

    def __init__(self, settings=ota.IN_SLOT, app=APP, **more):
        self._scratch = Scratch()
        self._settings = settings
        self._app = app
        self._more = more

    def __enter__(self):
        device = ota.Device(self._scratch.__enter__(), self._settings, **self._more)
        rig.BEHAVIOUR[APP] = rig.confirm_and_stay
        rig.BEHAVIOUR[NEW] = rig.confirm_and_stay
        if self._app:
            device.install_first(self._app)
        return device

    def __exit__(self, *error):
        self._scratch.__exit__(*error)


def reported(device):
    return lambda: len(device.reports()) > 0


def on_trial(device):
    """Bring it to where the next boot starts the new firmware."""
    device.offer(ota.image(NEW))
    ota.boots(device, lambda: device.journal().state == TRIAL)


def test_a_firmware_is_installed_and_kept_with_the_app():
    for settings in MEDIA:
        with On(settings) as device:
            device.offer(ota.image(NEW))
            ota.boots(device, reported(device))
            assert device.reports()[0].get("err") is None, device.said
            assert device.chip.running == NEW
            assert device.journal().active == 2 and device.journal().state == IDLE
            for _ in range(3):  # for good
                device.boot(60)
                assert device.chip.running == NEW and rig.RUNS[-1] == APP
            assert not device.complaints, device.complaints


def test_a_firmware_after_the_other_and_an_app_between():
    with On() as device:
        for number, version in enumerate(("2.0.0", "3.0.0", "4.0.0")):
            device.offer(ota.image(version))
            ota.boots(device, lambda: len(device.reports()) == 2 * number + 1)  # noqa: B023
            assert device.chip.running == version
            app = "%d.5.0" % (number + 2)
            rig.BEHAVIOUR[app] = rig.confirm_and_stay
            device.offer(rig.app_image(app))
            ota.boots(device, lambda: len(device.reports()) == 2 * number + 2)  # noqa: B023
            assert device.chip.running == version and rig.RUNS[-1] == app
        assert all(report.get("err") is None for report in device.reports())
        assert not device.complaints, device.complaints


def test_one_that_is_not_confirmed_in_its_run_is_rolled_back_and_reported():
    for settings in MEDIA:
        with On(settings) as device:
            rig.BEHAVIOUR[APP] = rig.stay
            device.offer(ota.image(NEW))
            ota.boots(device, lambda: device.journal().state == PENDING)  # noqa: B023
            identity = device.journal().identity
            ota.boots(device, reported(device))
            assert device.reports()[0]["err"].startswith("rolled-back: ")
            assert device.chip.running == OLD and rig.RUNS[-1] == APP
            journal = device.journal()
            assert (journal.active, journal.state) == (1, IDLE)
            assert journal.failures(identity) == 1


def test_an_app_that_raises_on_the_new_firmware_brings_the_old_one_back():
    with On() as device:

        def raises_on_new(dfu):
            if device.chip.running == NEW:
                raise ValueError("no such module")
            rig.stay(dfu)

        rig.BEHAVIOUR[APP] = raises_on_new
        device.offer(ota.image(NEW))
        ota.boots(device, reported(device))
        assert device.reports()[0]["err"].startswith("app-raised: ValueError")
        device.boot(60)
        assert device.chip.running == OLD and device.journal().active == 1


def test_a_soft_reset_on_trial_costs_no_run_that_is_left_and_the_bootloader_decides():
    with On() as device:

        def leaves(dfu):
            if device.chip.running == NEW:
                raise SystemExit
            rig.stay(dfu)

        rig.BEHAVIOUR[APP] = leaves
        on_trial(device)
        assert device.boot(60) == "exit" and device.chip.running == NEW
        assert device.boot(60, hard=False) == "reset" and device.journal().state == IDLE
        device.boot(60)
        assert device.chip.running == OLD and rig.RUNS[-1] == APP


def test_firmware_and_app_come_together():
    for settings in MEDIA:
        with On(settings) as device:
            device.offer(ota.both(NEW, rig.app_files(NEW)))
            ota.boots(device, reported(device))
            assert device.reports()[0].get("err") is None, device.said
            assert device.chip.running == NEW and rig.RUNS[-1] == NEW
            device.boot(60)
            assert device.chip.running == NEW and rig.RUNS[-1] == NEW
            assert not device.complaints, device.complaints


def test_of_firmware_and_app_neither_stays_where_the_trial_fails():
    for settings in MEDIA:
        with On(settings) as device:
            rig.BEHAVIOUR[NEW] = rig.stay
            device.offer(ota.both(NEW, rig.app_files(NEW)))
            ota.boots(device, reported(device))
            assert device.reports()[0]["err"].startswith("rolled-back: ")
            assert NEW in rig.RUNS and rig.RUNS[-1] == APP and device.chip.running == OLD


def test_an_archive_whose_firmware_is_not_in_front_is_refused():
    for settings in MEDIA:
        with On(settings) as device:
            assert refusal(device, ota.both(NEW, rig.app_files(NEW), name=b"other.bin")) == "bad-tar"
            assert device.chip.running == OLD and rig.RUNS[-1] == APP
    with On() as device:
        assert refusal(device, ota.both(NEW, {}, b"\x7fELF" + bytes(4000))) == "no-firmware"


def test_a_sleeper_confirms_by_its_one_clean_run():
    def sleeper(dfu):
        dfu.poll(2000)
        dfu.rest()

    for runs in (1, 3, 99):
        with On(confirm_after_runs=runs) as device:
            rig.BEHAVIOUR[APP] = sleeper
            device.offer(ota.image(NEW))
            ota.boots(device, reported(device), 60)
            assert device.reports()[0].get("err") is None
            assert device.chip.running == NEW


def test_a_firmwares_one_run_confirms_by_its_end_and_not_before():
    def crashes(dfu):
        if dfu.on_trial:
            for _ in range(5):
                dfu.poll(2000)
            raise ValueError("the work after the poll")
        rig.stay(dfu)

    for runs in (1, 3, 99):
        with On(confirm_after_runs=runs) as device:
            rig.BEHAVIOUR[APP] = crashes
            device.offer(ota.image(NEW))
            ota.boots(device, reported(device), 60)
            assert device.reports()[0].get("err", "").startswith("app-raised: "), (runs, device.reports())
            assert device.chip.running == OLD


def test_a_firmware_that_marks_itself_as_good_stays_and_the_old_app_runs_on_it():
    """The limit that docs/boards/esp32-ota.md names: the bootloader takes back what is not marked."""

    def marks(dfu):
        if dfu.on_trial:
            device.chip.bootloader.keep()
            raise ValueError("no good after all")
        rig.stay(dfu)

    with On() as device:
        rig.BEHAVIOUR[APP] = marks
        device.offer(ota.image(NEW))
        ota.boots(device, reported(device))
        assert device.reports()[0]["err"].startswith("app-raised: ")
        device.boot(60)
        assert device.chip.running == NEW and rig.RUNS[-1] == APP
        assert device.journal().active == 1 and device.journal().state == IDLE


def test_ctrl_c_on_trial_goes_on_after_a_soft_reset():
    with On() as device:
        stops = []

        def stopped(dfu):
            if device.chip.running == NEW and not stops:
                stops.append(1)
                raise KeyboardInterrupt
            rig.confirm_and_stay(dfu)

        rig.BEHAVIOUR[APP] = stopped
        on_trial(device)
        assert device.boot(60) == "repl" and stops
        device.boot(60, hard=False)
        assert device.journal().state == IDLE and device.chip.running == NEW
        device.boot(60)
        assert device.chip.running == NEW


def refusal(device, image):
    device.offer(image)
    ota.boots(device, reported(device))
    return device.reports()[0]["err"].split(":")[0]


def test_what_is_no_firmware_for_this_chip_is_refused_before_anything_is_erased():
    wrong = (
        (firmware.made(NEW, chip=firmware.ESP32_S3), "wrong-chip"),
        (firmware.merged(NEW), "merged"),
        (b"\xff" * 4096 + firmware.made(NEW), "merged"),
        (b"\x7fELF" + bytes(400), "no-firmware"),
        (b"\xe9", "no-firmware"),
    )
    for payload, code in wrong:
        with On() as device:
            before = list(device.chip.nor.erases)
            assert refusal(device, ota.image(NEW, payload)) == code
            assert list(device.chip.nor.erases) == before and device.chip.running == OLD
    with On() as device:
        assert refusal(device, ota.image(NEW, size=32)) == "bad-sizes"


def test_an_unguarded_look_at_the_wrong_piece_of_a_firmware_is_no_verdict():
    with On() as device:
        device.engine.preset.crc = False
        answer, wrong = device.engine._verbs["dfu.get"], []

        def get(request):
            if request.get("length") == 36 and not wrong:
                wrong.append(request["offset"])
                request["offset"] = 64
            return answer(request)

        device.engine._verbs["dfu.get"] = get
        device.offer(ota.image(NEW))
        ota.boots(device, reported(device))
        assert wrong == [4096]
        assert device.chip.running == NEW


def test_a_firmware_that_idf_does_not_take_is_refused_and_the_old_one_stays():
    broken = bytearray(firmware.made(NEW))
    broken[-1] ^= 1  # its own SHA-256
    for settings in MEDIA:
        with On(settings) as device:
            assert refusal(device, ota.image(NEW, bytes(broken))) == "bad-firmware"
            assert device.chip.running == OLD and rig.RUNS[-1] == APP


def test_a_firmware_that_is_longer_than_its_slot_is_refused():
    for settings in MEDIA:
        with On(settings) as device:
            assert refusal(device, ota.image(NEW, firmware.made(NEW, 60000))) == "too-large"
            assert device.journal().state == IDLE


def test_a_firmware_is_no_image_for_a_board_that_does_not_say_so():
    with On({}) as device:
        assert refusal(device, ota.image(NEW)) == "bad-kind"


def test_without_ota_slots_the_app_runs_and_no_image_is_taken():
    with On() as device:
        device.banks = None
        device.offer(ota.image(NEW))
        device.boot(120)
        assert rig.RUNS[-1] == APP and not device.reports()
        assert "no-banks" in " ".join(device.said)


class Frozen:
    """A module in the firmware."""

    def __init__(self, path):
        self.__file__ = path

    @staticmethod
    def main(dfu):
        return rig.app_main(APP, dfu)


def test_an_app_may_be_frozen_into_the_firmware():
    for path, ended in (("frozen_app.py", None), ("/lib/frozen_app.mpy", "app-raised")):
        sys.modules["frozen_app"] = Frozen(path)
        with On(app=None, install="boot") as device:
            device.write("/notedfu.json", json.dumps(dict(device.settings, app="frozen_app")).encode())
            device.offer(ota.image(NEW))
            ota.boots(device, reported(device))
            told = device.reports()[0].get("err")
            assert told == ended or told.startswith(ended)
            device.boot(60)
            assert (device.chip.running, device.journal().active) == ((OLD, 0) if ended else (NEW, 1))
    del sys.modules["frozen_app"]


def test_the_confirmation_is_completed_where_power_failed_behind_the_mark():
    with On() as device:

        def confirms(dfu):
            if device.chip.running == NEW:
                boot = dfu._boot
                boot.journal.save = lambda: (_ for _ in ()).throw(rig.PowerCycle())
            rig.confirm_and_stay(dfu)

        rig.BEHAVIOUR[APP] = confirms
        on_trial(device)
        assert device.boot(60) == "power"
        assert device.journal().state == TRIAL
        rig.BEHAVIOUR[APP] = rig.stay
        device.boot(120)
        assert device.chip.running == NEW and device.journal().state == IDLE
        assert device.reports() and device.reports()[0].get("err") is None


def test_the_switch_counts_where_power_failed_behind_it():
    with On() as device:
        device.offer(ota.image(NEW))
        ota.boots(device, lambda: device.journal().state == PENDING)
        keep = device.banks

        def cut_behind_the_switch():
            made = keep()
            switch = made.switch

            def switch_and_die():
                switch()
                raise rig.PowerCycle

            made.switch = switch_and_die
            return made

        device.banks = cut_behind_the_switch
        assert device.boot(60) == "power"
        assert device.journal().state == PENDING
        device.banks = keep
        device.boot(120)
        assert device.chip.running == NEW and device.journal().state == IDLE
        assert device.reports()[0].get("err") is None


def test_what_was_flashed_by_cable_runs_with_the_app_that_goes_with_it():
    with On() as device:
        device.offer(ota.image(NEW))
        ota.boots(device, reported(device))
        assert device.journal().active == 2
        for block in (1, 2):  # otadata, as `esptool erase_region` leaves it: ota_0 starts
            device.chip.nor.erase(block)
        device.boot(60)
        assert device.chip.running == OLD and device.journal().active == 1 and rig.RUNS[-1] == APP
        assert "another firmware" in " ".join(device.said)


def lose_journal(device):
    for copy in "01":
        device.write("/notedfu.d/journal/%s/record" % copy, b"?" * 209)


def test_where_the_journal_is_lost_the_slot_that_goes_with_what_runs_is_found():
    with On() as device:
        device.offer(ota.image(NEW))
        ota.boots(device, reported(device))
        lose_journal(device)
        device.boot(60)
        assert (device.chip.running, device.journal().active) == (NEW, 2) and rig.RUNS[-1] == APP
        lose_journal(device)
        for block in (1, 2):  # otadata: the old firmware starts, and slot B has the higher version
            device.chip.nor.erase(block)
        device.boot(60)
        assert (device.chip.running, device.journal().active) == (OLD, 1) and rig.RUNS[-1] == APP


def test_a_firmware_waits_for_the_apps_word():
    with On(install="ask") as device:
        device.offer(ota.image(NEW))
        ota.boots(device, lambda: device.journal().state == PENDING)
        device.boot(60)
        assert device.chip.running == OLD and device.journal().state == PENDING

        def installs(dfu):
            if dfu.pending:
                dfu.install()
            rig.confirm_and_stay(dfu)

        rig.BEHAVIOUR[APP] = installs
        ota.boots(device, reported(device))
        assert device.chip.running == NEW and device.reports()[0].get("err") is None


def test_the_bootloaders_model_gives_one_boot_and_goes_back():
    chip = ota.Chip()
    assert chip.bootloader.running == 0 and chip.bootloader.state(0) is None
    one = esp32.Partition(esp32.Partition.RUNNING).get_next_update()
    raises(OSError, one.set_boot)
    data = firmware.made(NEW)
    data += b"\xff" * (-len(data) % 4096)
    one.writeblocks(0, data)
    one.set_boot()
    assert chip.bootloader.running == 0 and chip.bootloader.state(1) == bootloader.NEW
    chip.power_up(hard=False)
    assert chip.bootloader.running == 0
    chip.power_up()
    assert chip.bootloader.running == 1 and chip.bootloader.state(1) == bootloader.PENDING_VERIFY
    chip.power_up()
    assert chip.bootloader.running == 0 and chip.bootloader.state(1) == bootloader.ABORTED
    one = esp32.Partition(esp32.Partition.RUNNING).get_next_update()
    one.set_boot()
    chip.power_up()
    chip.bootloader.keep()
    chip.power_up()
    assert chip.bootloader.running == 1 and chip.bootloader.state(1) == bootloader.VALID


def test_banks_need_a_second_slot():

    chip = ota.Chip()
    esp32.install(chip.nor, 1, False)
    assert code_of(LocalError, chip.banks) == "no-banks"


class Worn:
    """An OTA partition whose first block can't be erased: esp32.Partition raises that."""

    def ioctl(self, op, arg):
        if op == 6 and arg == 0:
            raise OSError(-261)
        return {4: 12, 5: 4096}.get(op, 0)


def test_a_block_that_can_not_be_erased_is_a_fault_of_flash_by_name():
    with Scratch() as folder:
        stage = OtaStage(Worn(), folder + "/head", VirtualTime().clock())
        assert code_of(LocalError, stage.begin, 20000) == "flash-fault"
