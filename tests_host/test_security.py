"""Who may install what, on a whole device: signed images end to end, and every way around a signature."""

import struct
from binascii import crc32

import images
import rig
import signer
import tars
from notedfu.errors import LocalError
from notedfu.journal import IDLE, STAGING, TRIAL
from notedfu.keys import KEY_P256
from notedfu.slots import Slots
from notedfu.trust import trusted_keys
from scratch import Scratch, exists, write
from tools.notecard.offer import md5_hex

OLD, NEW, NEWER = "1.0.0", "2.0.0", "3.0.0"
OURS = signer.P256(b"ours")
NEXT = signer.Ed25519(b"the next one")
THEIRS = signer.P256(b"theirs")
CLASS = bytes(range(16))
OTHER_CLASS = bytes(range(16, 32))
CLASS_ID = "00010203-0405-0607-0809-0a0b0c0d0e0f"
_BOOTS = 12


class Device:
    """A rig with the old app that trusts OURS, for a `with`."""

    def __init__(self, **settings):
        self._scratch = Scratch()
        self._settings = {"keys": [OURS.text]}
        self._settings.update(settings)

    def __enter__(self):
        device = rig.Rig(self._scratch.__enter__(), settings=self._settings)
        rig.BEHAVIOUR[OLD] = rig.stay
        rig.BEHAVIOUR[NEW] = rig.BEHAVIOUR[NEWER] = rig.confirm_and_stay
        device.install_first(OLD)
        return device

    def __exit__(self, *error):
        self._scratch.__exit__(*error)


def counter(number):
    return ("counter", struct.pack("<I", number))


def dependency(version):
    return ("dependency", struct.pack("<B3xBBHI", 0, *version))


def key_list(*keys):
    return ("keys", b"".join([key.listed for key in keys]))


def after(device, image):
    """Offer the image, run the device until Notehub has heard; returns the code, or "installed"."""
    before = len(device.reports())
    device.offer(image)
    for _ in range(_BOOTS):
        device.boot(for_s=300)
        if len(device.reports()) > before:
            break
    else:
        raise AssertionError("no report: %s" % device.said[-5:])
    report = device.reports()[-1]
    assert len(device.reports()) == before + 1
    assert device.engine.violations == []
    return report["err"].split(":")[0] if "err" in report else report["status"].split(" ")[0]


def app(version=NEW, *protected, key=OURS):
    return rig.app_image(version, protected=protected, key=key)


# ---- who is believed


def test_an_image_signed_by_a_key_of_the_settings_is_installed():
    for key in (OURS, NEXT):
        with Device(keys=[THEIRS.text, key.text]) as device:
            assert after(device, app(key=key)) == "installed"
            assert rig.RUNS == [OLD, NEW]
            assert device.complaints == []


def test_with_a_key_nothing_unsigned_and_nothing_of_anybody_else_is_installed():
    with Device(allow_unsigned=True) as device:
        assert after(device, app(key=None)) == "unsigned"
        assert after(device, app(key=THEIRS)) == "foreign-key"
        assert after(device, app(key=NEXT)) == "foreign-key"
        assert set(rig.RUNS) == {OLD}


def test_an_unsigned_image_never_brings_keys():
    for key in (None, THEIRS):
        with Device(keys=[], allow_unsigned=True) as device:
            assert after(device, app(NEW, key_list(THEIRS), key=key)) == "unsigned"
            assert after(device, app(NEWER, key=None)) == "installed"


def test_settings_that_can_not_be_read_trust_nobody_and_let_the_app_run():
    for code, settings in (
        ("bad-key", {"keys": [OURS.text, "p256:00"]}),
        ("bad-uuid", {"class_id": "buoy"}),
        ("bad-settings", {"keys": OURS.text}),
    ):
        with Device(allow_unsigned=True, **settings) as device:
            problems = []

            def look(dfu, problems=problems):
                dfu.poll(500)
                problems.append(dfu.problem.code)
                rig.stay(dfu)

            rig.BEHAVIOUR[OLD] = look
            device.offer(app())
            device.boot(for_s=300)
            assert problems == [code]
            assert rig.RUNS == [OLD]
            assert device.reports() == []
            assert device.engine.dfu.mode == "ready"


# ---- rotation


def test_after_a_rotation_the_old_key_alone_installs_nothing():
    with Device() as device:
        assert after(device, app(NEW, key_list(NEXT))) == "installed"
        assert after(device, app(NEWER, key=OURS)) == "foreign-key"
        assert after(device, app(NEWER, key_list(OURS), key=OURS)) == "foreign-key"
        assert after(device, app(NEWER, key_list(NEXT), key=NEXT)) == "installed"


def test_both_keys_count_while_the_list_names_both():
    with Device() as device:
        assert after(device, app(NEW, key_list(OURS, NEXT))) == "installed"
        assert after(device, app(NEWER, key_list(OURS, NEXT), key=NEXT)) == "installed"
        assert after(device, app(NEW, key_list(OURS, NEXT), key=OURS)) == "installed"


def test_a_rotation_that_is_reverted_changes_no_key():
    def broken(dfu):
        raise KeyError("sensor")

    with Device() as device:
        rig.BEHAVIOUR[NEW] = broken
        assert after(device, app(NEW, key_list(NEXT))) == "app-raised"
        assert after(device, app(NEWER, key=NEXT)) == "foreign-key"
        assert after(device, app(NEWER, key=OURS)) == "installed"


def test_an_image_without_a_list_gives_trust_back_to_the_settings():
    with Device() as device:
        assert after(device, app(NEW, key_list(NEXT))) == "installed"
        assert after(device, app(NEWER, key=NEXT)) == "installed"
        assert after(device, app(NEW, key=NEXT)) == "foreign-key"
        assert after(device, app(NEW, key=OURS)) == "installed"


def test_a_damaged_app_keeps_its_key_list():
    """Its manifest is whole, and the old app's counter is too low for it to run again."""
    with Device(recovery_s=604800) as device:
        assert after(device, app(NEW, key_list(NEXT), counter(1))) == "installed"
        write(device.root + "/notedfu.d/b/app.py", b"")
        assert after(device, app(NEWER, counter(1), key=OURS)) == "foreign-key"
        assert after(device, app(NEWER, counter(1), key=NEXT)) == "installed"


class Listed:
    """A slot's manifest as trusted_keys() sees it."""

    def __init__(self, confirmed, key=None, rank=0):
        self.confirmed = confirmed
        self.rank = rank
        self._list = key.listed if key else None

    def tlv(self, kind):
        return self._list if kind == 0xA3 else None


class Manifests(Slots):
    """Slots whose manifests are given."""

    def __init__(self, a, b):
        self._manifests = (None, a, b)

    def examine(self, slot, check):
        assert slot and check("any", 0, 0)
        return self._manifests[slot]


class OfSettings:
    keys = (OURS.text,)


def trusted(active, a, b):
    """Whose key counts."""
    (found,) = trusted_keys(Manifests(a, b), active, OfSettings())
    names = {OURS.listed: "settings", NEXT.listed: "a", THEIRS.listed: "b"}
    return names[bytes((found[0],)) + found[1]]


def test_the_confirmed_apps_list_counts_and_never_that_of_a_trial():
    a, b = Listed(True, NEXT), Listed(True, THEIRS)
    assert trusted(1, a, b) == "a"
    assert trusted(2, a, b) == "b"
    assert trusted(1, a, None) == "a"
    assert trusted(1, None, b) == "b"
    assert trusted(0, a, None) == "a"
    assert trusted(0, None, b) == trusted(0, Listed(False, NEXT), b) == "b"
    assert trusted(0, a, Listed(True, THEIRS, 1)) == "b"
    assert trusted(0, Listed(True, NEXT, 1), b) == "a"
    assert trusted(0, Listed(True, rank=1), b) == "settings"
    assert trusted(2, a, Listed(False, THEIRS)) == "a"
    assert trusted(2, Listed(True), Listed(False, THEIRS)) == "settings"
    assert trusted(2, None, Listed(False, THEIRS)) == "settings"
    assert trusted(1, Listed(True), b) == "settings"
    assert trusted(1, None, None) == trusted(0, None, None) == "settings"
    assert OURS.listed[0] == KEY_P256


# ---- counter, dependency, class


def test_the_counter_rises_with_the_confirmation_and_not_before():
    seen = []

    def look_and_confirm(dfu):
        seen.append(dfu._journal.counter)
        rig.confirm_and_stay(dfu)

    with Device() as device:
        rig.BEHAVIOUR[NEW] = look_and_confirm
        assert after(device, app(NEW, counter(5))) == "installed"
        assert seen[0] == 0
        assert device.journal().counter == 5
        assert after(device, app(NEWER, counter(4))) == "downgrade"
        assert after(device, app(NEWER)) == "downgrade"
        assert after(device, app(NEWER, counter(5))) == "installed"


def test_a_revert_does_not_raise_the_counter_and_does_not_lower_it():
    def broken(dfu):
        raise KeyError("sensor")

    with Device() as device:
        assert after(device, app(NEW, counter(5))) == "installed"
        rig.BEHAVIOUR[NEWER] = broken
        assert after(device, app(NEWER, counter(9))) == "app-raised"
        assert device.journal().counter == 5
        rig.BEHAVIOUR[NEWER] = rig.confirm_and_stay
        assert after(device, app(NEWER, counter(4))) == "downgrade"
        assert after(device, app(NEWER, counter(6))) == "installed"
        assert device.journal().counter == 6


def test_the_counter_outlives_the_journal():
    with Device() as device:
        assert after(device, app(NEW, counter(5))) == "installed"
        for copy in "01":
            write(device.root + "/notedfu.d/journal/%s/record" % copy, b"damaged" * 30)
        assert after(device, app(NEWER, counter(4))) == "downgrade"
        assert after(device, app(NEWER, counter(5))) == "installed"


def test_a_dependency_is_respected():
    with Device() as device:
        assert after(device, app(NEW, dependency((1, 0, 1, 0)))) == "dependency"
        assert after(device, app(NEW, dependency((1, 0, 0, 0)))) == "installed"
        assert after(device, app(NEWER, dependency((2, 0, 0, 0)))) == "installed"


def test_the_class_must_be_this_devices():
    with Device(class_id=CLASS_ID) as device:
        assert after(device, app(NEW)) == "foreign"
        assert after(device, app(NEW, ("class", OTHER_CLASS))) == "foreign"
        assert after(device, app(NEW, ("class", CLASS))) == "installed"


# ---- what preflight was shown is not what comes


class Forked:
    """An image whose bytes are others when preflight reads them: `shown` there, `real` in a page.

    Preflight reads 32 bytes from 0, and then the tail from its own offset; a download's pages begin at 0.
    """

    name = "app.img"

    def __init__(self, shown, real):
        assert len(shown) == len(real)
        self._shown, self._real = shown, real
        self._tail = len(real) - tail_of(real)
        self.length = len(real)

    def read(self, offset, length):
        glance = (offset, length) == (0, 32) or offset == self._tail
        return (self._shown if glance else self._real)[offset : offset + length]


def tail_of(image):
    size, payload = struct.unpack_from("<HxxI", image, 8)
    return len(image) - size - payload


def changed(image, old, new):
    """The image with the bytes `old`, which are there once, replaced."""
    assert len(old) == len(new) and image.count(old) == 1
    return image.replace(old, new)


def refused_after_the_download(shown, real, code, **settings):
    with Device(**settings) as device:
        if code == "downgrade":
            assert after(device, app(NEW, counter(5))) == "installed"
        fetched = device.engine.counters.image_bytes
        assert after(device, Forked(shown, real)) == code
        assert device.engine.counters.image_bytes - fetched >= len(real)
        assert NEWER not in rig.RUNS
        journal = device.journal()
        assert journal.state == IDLE


def test_a_genuine_image_that_preflight_saw_with_another_counter_is_judged_again():
    real = app(NEWER, counter(4))
    tlv = images.tlv("counter", struct.pack("<I", 4))
    shown = changed(real, tlv, images.tlv("counter", struct.pack("<I", 9)))
    refused_after_the_download(shown, real, "downgrade")


def test_a_genuine_image_that_preflight_saw_with_another_class_is_judged_again():
    real = app(NEWER, ("class", OTHER_CLASS))
    refused_after_the_download(changed(real, OTHER_CLASS, CLASS), real, "foreign", class_id=CLASS_ID)


def test_a_genuine_image_that_preflight_saw_with_another_dependency_is_judged_again():
    real = app(NEWER, dependency((9, 9, 9, 9)))
    kind, version = dependency((9, 9, 9, 9))
    shown = changed(real, version, dependency((1, 0, 0, 0))[1])
    refused_after_the_download(shown, real, "dependency")


def test_an_altered_header_or_tlv_under_a_genuine_signature_is_found_by_the_digest():
    shown = app(NEWER, counter(4))
    version = struct.pack("<BBHI", 3, 0, 0, 0)
    header = changed(shown[:32], version, struct.pack("<BBHI", 9, 0, 0, 0)) + shown[32:]
    low = images.tlv("counter", struct.pack("<I", 4))
    tlvs = changed(shown, low, images.tlv("counter", struct.pack("<I", 7)))
    payload = changed(shown, b"version 3.0.0", b"version 6.6.6")
    for real in (header, tlvs, payload):
        refused_after_the_download(shown, real, "bad-digest")
    with Device() as device:
        assert after(device, header) == "bad-marker"


def test_another_image_behind_the_same_preflight_is_not_taken():
    """Even one that is well made, of the same length, and signed: only what was judged is installed."""
    shown = app(NEWER, key=NEXT)
    for key in (NEXT, signer.Ed25519(b"theirs")):
        real = rig.app_image(NEWER, {"data/notes.txt": b"another 3.0.0"}, key=key)
        refused_after_the_download(shown, real, "other-image", keys=[NEXT.text])


class Replaced:
    """An image for which another one, of the same length, may be put while the offer stands."""

    name = "app.img"

    def __init__(self, image):
        self.image = image
        self.length = len(image)

    def read(self, offset, length):
        return self.image[offset : offset + length]


def test_a_resumed_download_is_judged_in_full_on_flash():
    """Preflight leaves the signature out when it goes on with what it has judged before."""
    image = rig.app_image(NEW, {"large.bin": bytes(20000), "last.bin": b"\7" * 8}, key=OURS)
    unsigned = bytearray(image)
    unsigned[-10] ^= 1  # in the signature, which the digest does not cover
    other = changed(image, b"\7" * 8, b"\6" * 8)  # in the last file, which has not come yet
    for real, code in ((bytes(unsigned), "bad-signature"), (other, "bad-digest")):
        with Device(page=256, staging="flash") as device:
            source = Replaced(image)
            device.offer(source)
            device.boot(for_s=6)
            assert device.journal().state == STAGING
            begun = device.engine.counters.image_bytes
            assert 8192 < begun < len(image)
            source.image = real
            device.engine.dfu.body.update(crc32=crc32(real), md5=md5_hex(real))
            for _ in range(_BOOTS):
                if not device.reports():
                    device.boot(for_s=300)
            assert [one["err"].split(":")[0] for one in device.reports()] == [code]
            assert device.engine.counters.image_bytes - begun < len(image)
            assert NEW not in rig.RUNS


# ---- what a refusal costs


def check_cost(image, code, page, staging, **settings):
    with Device(page=page, staging=staging, **settings) as device:
        nor = device.region._nor
        assert after(device, image) == code
        assert 1 <= device.engine.counters.requests["dfu.get"] <= 3, (code, page)
        assert device.engine.counters.image_bytes < 700
        assert sum(nor.erases) == 0 and nor.operations == 0
        assert not exists(device.root + "/notedfu.d/staging.img")


def test_an_image_that_is_not_for_this_device_costs_three_requests_and_no_erase():
    good = app()
    bad = bytearray(good)
    bad[-10] ^= 1
    cases = (
        (app(key=None), "unsigned", {}),
        (app(key=THEIRS), "foreign-key", {}),
        (bytes(bad), "bad-signature", {}),
        (good, "foreign", {"class_id": CLASS_ID}),
        (app(NEW, dependency((9, 0, 0, 0))), "dependency", {}),
    )
    for image, code, settings in cases:
        check_cost(image, code, 4096, "flash", **settings)
    check_cost(app(key=THEIRS), "foreign-key", 4096, "file")
    with Device(staging="flash") as device:
        assert after(device, app(NEW, counter(2))) == "installed"
        erased = sum(device.region._nor.erases)
        asked = device.engine.counters.requests["dfu.get"]
        assert after(device, app(NEWER, counter(1))) == "downgrade"
        assert sum(device.region._nor.erases) == erased
        assert device.engine.counters.requests["dfu.get"] - asked <= 3


def fetched(device):
    """How many dfu.get asked for bytes; one of length 0 only asks whether there will be any."""
    return len([one for one in device.requests("dfu.get") if one["length"]])


def test_small_pages_or_an_offer_without_its_length_cost_three_requests_for_bytes():
    with Device(page=256, staging="flash") as device:
        assert after(device, app(key=THEIRS)) == "foreign-key"
        assert fetched(device) == 3
        assert sum(device.region._nor.erases) == 0
    with Device(staging="flash") as device:
        device.engine.faults.set("body-missing", 1.0)
        assert after(device, app(key=THEIRS)) == "foreign-key"
        assert fetched(device) == 3
        assert sum(device.region._nor.erases) == 0


# ---- a board without SHA-256


def no_sha256(port, data=b""):
    raise LocalError("no-sha256", "this interpreter has no hashlib.sha256")


def test_a_board_without_sha256_says_so_refuses_every_image_and_runs_its_app():
    for settings in ({}, {"keys": [], "allow_unsigned": True}):
        with Device(**settings) as device:
            usual = rig.RigPort.sha256
            rig.RigPort.sha256 = no_sha256
            try:
                assert after(device, app()) == "no-sha256"
            finally:
                rig.RigPort.sha256 = usual
            assert rig.RUNS == [OLD]
            assert [text for text in device.said if "no image can be checked" in text] != []
            assert device.engine.counters.image_bytes == 0
            assert device.journal().state != TRIAL


# ---- archives that nobody should sign


def payloads():
    """Name, archive and code of each."""
    tar, file = tars.archive, tars.file
    good = file(b"app.py", b"pass\n")
    yield "up and out", tar(good, file(b"../main.py", b"x=1")), "bad-path"
    yield "up inside", tar(good, file(b"a/../../main.py", b"x=1")), "bad-path"
    yield "absolute", tar(good, file(b"/main.py", b"x=1")), "bad-path"
    yield "by prefix", tar(good, file(b"main.py", b"x=1", prefix=b"../..")), "bad-path"
    yield "hard link", tar(good, tars.header(b"a", kind=b"1")), "bad-tar"
    yield "symbolic link", tar(good, tars.header(b"a", kind=b"2")), "bad-tar"
    yield "device", tar(good, tars.header(b"a", kind=b"3")), "bad-tar"
    yield "pipe", tar(good, tars.header(b"a", kind=b"6")), "bad-tar"
    yield "256 characters", tar(good, file(b"n" * 100, b"", prefix=b"p" * 155)), "bad-path"
    yield "twice", tar(good, good), "bad-path"
    yield "folded", tar(good, file(b"APP.PY", b"x=1")), "bad-path"
    yield "folded folders", tar(good, file(b"lib/x", b""), file(b"LIB/y", b"")), "bad-path"
    yield "pax", tar(file(b"x", b"20 path=../main.py\n", kind=b"x"), good), "bad-tar"
    yield "pax for all", tar(file(b"g", b"20 path=../main.py\n", kind=b"g"), good), "bad-tar"
    yield "gnu", tar(file(b"app.py", b"", magic=b"ustar  \0")), "bad-tar"
    yield "gnu long name", tar(file(b"././@LongLink", b"../main.py\0", kind=b"L"), good), "bad-path"
    yield "gnu long name, plain", tar(file(b"LongLink", b"../main.py\0", kind=b"L"), good), "bad-tar"
    yield "size past the end", tar(good, tars.header(b"a", size=100000)), "bad-tar"
    yield "size of gnu", tar(good, tars.header(b"a", size_field=b"\x80" + bytes(10) + b"\x05")), "bad-tar"
    yield "no end", good, "bad-tar"
    yield "something behind", tar(good) + good, "bad-tar"


def test_signed_archives_that_no_slot_can_hold_are_refused_and_the_old_app_runs():
    with Device(staging="flash") as device:
        write(device.root + "/users.txt", b"the user's")
        for name, payload, code in payloads():
            image = images.made(payload, images.usual((2, 0, 0, 0), (100, 4)), (2, 0, 0, 0), OURS)
            assert after(device, image) == code, name
            assert rig.RUNS[-1] == OLD, name
            assert not exists(device.root + "/main.py"), name
            assert device.journal().active == 1, name
        assert set(rig.RUNS) == {OLD}
        assert after(device, app()) == "installed"
