"""A slot that brings its own download half: it is used, it reverts with the slot, and it may be broken."""

import sys

import rig
from notedfu import forget as modules
from notedfu import half
from scratch import Scratch, read

HEAPSIZE = "32M"
OLD, NEW = "1.0.0", "2.0.0"
LIB = rig.__file__.rsplit("/", 2)[0] + "/lib/notedfu/"
NAMES = (
    "assemble", "b64", "backoff", "chunks", "cobs", "const", "container", "crc32", "curves", "dfu", "dfumode",
    "ed25519", "fat", "filestage", "fits", "flashstage", "i2c", "image", "kept", "keys", "link", "marker",
    "notecard", "p256", "preflight", "reply", "report", "room", "scan", "sha512", "slotfiles", "staging",
    "tlvs", "transactions", "transfer", "trust", "twins", "uart", "update", "verdict",
)  # fmt: skip

LATER = ("journalfiles", "marks", "slotwriter", "swap")  # a half of an older library has not all of these


def own_half(**changed):
    """The files of a slot's own half; changed: name=lines that are put at the end of that module."""
    files = {}
    for name in NAMES:
        files["notedfu/%s.py" % name] = read(LIB + name + ".py") + changed.get(name, "").encode()
    return files


def forget():
    """As after a reset: nothing of the download half is loaded, and imports go to /lib."""
    half._import_from(half._LIB)
    modules.forget(*NAMES)
    modules.forget(*LATER)


def used():
    """Where the updater that runs came from: "slot" or "lib"."""
    return "slot" if "notedfu.d" in sys.modules["notedfu.update"].__file__ else "lib"


def run(found, files=None, boots=1, **settings):
    """A device whose app 1.0.0 has `files`, and its folder; each run adds used() to `found`."""
    scratch = Scratch()
    device = rig.Rig(scratch.__enter__(), settings=settings)

    def look(dfu):
        for _ in range(3):
            dfu.work()
        found.append(used())
        rig.stay(dfu)

    rig.BEHAVIOUR[OLD] = look
    rig.BEHAVIOUR[NEW] = rig.confirm_and_stay
    device.install_first(OLD, files)
    return device, scratch


class Renewed:
    """A device with its own half, for a `with`; `found` says where the half of each run came from."""

    def __init__(self, files, **settings):
        self.found = []
        self.device, self._scratch = run(self.found, files, **settings)

    def __enter__(self):
        return self

    def boot(self, for_s=100):
        forget()
        return self.device.boot(for_s)

    def until_told(self):
        for _ in range(12):
            if self.device.reports():
                return self.device.reports()[0]
            self.boot(300)
        raise AssertionError("no report: %s" % self.device.said[-5:])

    def __exit__(self, *error):
        forget()
        self._scratch.__exit__(*error)


def test_without_a_half_of_its_own_a_slot_uses_that_of_lib():
    with Renewed({}) as renewed:
        renewed.boot()
        assert renewed.found == ["lib"]


def test_a_slots_own_half_is_used_and_updates():
    with Renewed(own_half()) as renewed:
        renewed.boot()
        assert renewed.found == ["slot"]
        renewed.device.offer(rig.app_image(NEW))
        assert renewed.until_told()["status"] == "installed 2.0.0+0"
        assert renewed.device.complaints == []
        renewed.boot()
        assert used() == "lib", "the new slot brings none"


def test_an_older_half_keeps_no_app_from_being_confirmed():
    """It has no module that came later, which /lib's own may need beside it: marks.py."""
    with Renewed(own_half()) as renewed:
        renewed.device.offer(rig.app_image(NEW, own_half()))
        renewed.boot()
        assert renewed.until_told()["status"] == "installed 2.0.0+0"
        assert used() == "slot"
        assert renewed.device.complaints == []


def test_a_half_that_does_not_load_is_put_aside_and_the_board_updates():
    for broken in (
        {"dfu": "1 +"},
        {"assemble": "raise ValueError('no')"},
        {"update": "import nothing_of_that_name"},
    ):
        with Renewed(own_half(**broken)) as renewed:
            renewed.boot()
            assert renewed.found == ["lib"], broken
            renewed.device.offer(rig.app_image(NEW))
            assert renewed.until_told()["status"] == "installed 2.0.0+0"


def test_a_half_that_is_not_whole_is_put_aside():
    files = own_half()
    del files["notedfu/chunks.py"]
    with Renewed(files) as renewed:
        renewed.boot()
        assert renewed.found == ["lib"]


def test_a_half_that_raises_at_work_is_put_aside_and_the_board_updates():
    broken = {"transfer": "\n\ndef broken(self, hurry):\n    return 1 + ''\n\n\nTransfer.step = broken\n"}
    with Renewed(own_half(**broken)) as renewed:
        renewed.device.offer(rig.app_image(NEW))
        assert renewed.until_told()["status"] == "installed 2.0.0+0"
        assert [type(one) for one in renewed.device.complaints] == [TypeError]


def test_nothing_of_a_half_that_was_put_aside_is_used_again():
    """`from notedfu import verdict` takes what the package has as an attribute, before sys.modules."""
    for name, lines in (
        ("verdict", "\n\ndef judge(header, tlvs, policy, signatures):\n    return 1 + ''\n"),
        ("room", "\n\ndef fits(size):\n    return 1 + ''\n"),
    ):
        with Renewed(own_half(**{name: lines})) as renewed:
            renewed.device.offer(rig.app_image(NEW))
            renewed.boot(300)
            assert [type(one) for one in renewed.device.complaints] == [TypeError], name
            assert renewed.until_told()["status"] == "installed 2.0.0+0"


def test_a_half_that_gets_nowhere_with_a_ready_image_is_put_aside_after_a_day():
    broken = {"update": "\n\nUpdater._open = Updater._check\n"}
    with Renewed(own_half(**broken), watchdog_s=0) as renewed:

        def hourly(dfu):
            for _ in range(23):
                renewed.device.time.advance(3600000)
                dfu.poll(100)
            renewed.found.append(used())
            renewed.device.time.advance(7200000)
            rig.stay(dfu)

        rig.BEHAVIOUR[OLD] = hourly
        renewed.device.offer(rig.app_image(NEW))
        renewed.boot(48 * 3600)
        assert renewed.found == ["slot"] and used() == "lib"
        assert renewed.until_told()["status"] == "installed 2.0.0+0"


def test_a_new_half_that_does_not_reach_the_notecard_is_reverted_with_its_slot():
    lines = """
def broken(self, name="user"):
    from notedfu.errors import RequestError

    raise RequestError("card-err", "no")


Dfu.status = broken
"""
    deaf = own_half(dfu=lines)
    with Renewed({}, trial_s=60, trial_runs=1) as renewed:
        renewed.device.offer(rig.app_image(NEW, deaf))
        assert renewed.until_told()["err"].startswith("trial-failed:")
        renewed.boot()
        assert renewed.found[-1] == "lib"


def test_recovery_uses_lib():
    with Renewed(own_half(), failing_runs=1) as renewed:
        rig.BEHAVIOUR[OLD] = lambda dfu: dfu.poll(100) or 1 // 0
        renewed.boot()
        assert used() == "slot"
        renewed.boot()
        assert used() == "lib" and any("recovery" in line for line in renewed.device.said)
