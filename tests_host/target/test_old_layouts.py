"""Devices in the field, laid out on FAT by the library before the journal had a third place: what is renewed
there is /lib alone, and all that lies in notedfu.d stays as it was.
"""

import os

from test_circuitpython_on_fat import ROOT, Drive

import rig
from circuit import CircuitRig
from notedfu.journal import IDLE, PENDING, Journal
from notedfu.slots import A, B, Slots
from scratch import read, remove, write

HEAPSIZE = "32M"
DATA = ROOT + "/notedfu.d"
OLD, NEW = "1.0.0", "2.0.0"


def age(slot):
    """Lay out what is there as the old library did: two places, and the mark in a file beside its slot."""
    crc = Slots(DATA).load(slot).crc
    for name in ("2", "m0", "m1", "s"):
        remove(DATA + "/journal/" + name)
    write(DATA + "/%s.confirmed" % "?ab"[slot], crc)


def device(drive):
    made = CircuitRig(ROOT, remount=drive.remount)
    made.install_first(OLD)
    age(A)
    rig.BEHAVIOUR[OLD] = rig.stay
    rig.BEHAVIOUR[NEW] = rig.confirm_and_stay
    return made


def check_that_the_offer_is_taken(drive, made):
    assert made.boot() == "reset", made.said
    assert made.boot() == "power"
    check_that_the_new_one_is_confirmed(drive, made)


def check_that_the_new_one_is_confirmed(drive, made):
    drive.remount(False)
    assert made.journal().state == IDLE and made.journal().active == B
    assert rig.RUNS[-1] == NEW
    slots = Slots(DATA)
    assert slots.load(A).confirmed and slots.load(B).confirmed
    assert made.complaints == [], made.complaints


def test_the_confirmed_app_runs_and_updates_are_taken():
    with Drive() as drive:
        made = device(drive)
        made.boot(for_s=5)
        assert rig.RUNS == [OLD] and Slots(DATA).load(A).confirmed
        drive.remount(False)
        made.offer(rig.app_image(NEW))
        check_that_the_offer_is_taken(drive, made)


def test_what_was_staged_last_gives_its_room_back():
    with Drive() as drive:
        made = device(drive)
        status = os.statvfs(ROOT)
        write(DATA + "/staging.img", bytes(status[0] * status[3] - 60000))
        made.offer(rig.app_image(NEW))
        check_that_the_offer_is_taken(drive, made)
        assert "staging.img" not in os.listdir(DATA)


def wait(image):
    """The image waits for its swap, in the file in which the old library has staged it."""
    write(DATA + "/staging.img", image)
    journal = Journal(DATA + "/journal")
    journal.load()
    journal.state, journal.length, journal.identity = PENDING, len(image), identity(image)
    journal.swap_left = 3
    journal.save()


def identity(image):
    """The SHA-256 that it claims: the TLV behind header, payload and protected TLVs."""
    at = image.rfind(b"\x10\x00\x20\x00")
    return image[at + 4 : at + 36]


def test_an_image_that_waits_is_installed_from_where_it_lies():
    with Drive() as drive:
        made = device(drive)
        wait(rig.app_image(NEW))
        assert made.boot() == "power", made.said
        check_that_the_new_one_is_confirmed(drive, made)
        assert made.requests("dfu.get") == []


def test_a_download_that_was_cut_short_begins_anew():
    with Drive() as drive:
        made = device(drive)
        image = rig.app_image(NEW)
        wait(image)
        journal = Journal(DATA + "/journal")
        journal.load()
        journal.state = 1
        journal.save()
        write(DATA + "/staging.img", image[:300])
        made.offer(image)
        check_that_the_offer_is_taken(drive, made)


def test_a_torn_copy_of_two_places_is_mended():
    with Drive() as drive:
        made = device(drive)
        os.rename(DATA + "/journal/0/record", DATA + "/journal/0/torn")
        made.boot(for_s=5)
        assert rig.RUNS == [OLD]
        drive.remount(False)
        assert read(DATA + "/journal/0/record")[:4] == b"NDJ1"
