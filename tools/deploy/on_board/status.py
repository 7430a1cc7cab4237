# ruff: noqa: F821 - ROOT is given: where boot.py lies; missing() comes from missing.py
import binascii
import json
import os

from notedfu import __version__
from notedfu.journal import CONSENT, PENDING, Journal
from notedfu.settings import Settings
from notedfu.slots import Slots
from notedfu.trust import trusted_keys

DATA = ROOT + "/notedfu.d"


def size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return None


def told(name):
    manifest = slots.load(" AB".index(name))
    if manifest is None:
        return None
    return {
        "version": manifest.version,
        "counter": manifest.counter,
        "confirmed": manifest.confirmed,
        "cable": read(DATA + "/%s.cable" % name.lower()) == manifest.crc,
        "bank": (read(DATA + "/%s/firmware.bank" % name.lower()) or b"").decode(),
        "identity": binascii.hexlify(manifest.identity).decode(),
    }


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def runs():
    """The label of the OTA slot that runs, where there may be two firmwares."""
    if settings.target != "ota" or lacks:
        return None
    from esp32 import Partition

    return Partition(Partition.RUNNING).info()[4]


def staged():
    """Bytes of the staging file that are safely there, or None; on FAT they are counted beside it."""
    count = (read(DATA + "/journal/s/record") or b"")[:8]
    found, changed = int.from_bytes(count[:4], "little"), int.from_bytes(count[4:], "little")
    return found if found ^ changed == 0xFFFFFFFF else size(DATA + "/staging.img")


settings = Settings().load(ROOT + "/notedfu.json")
lacks = missing(settings)
slots = Slots(DATA)
journal = Journal(DATA + "/journal")
journal.load()
is_asked = bool(settings.install == "ask" and journal.active and not journal.flags & CONSENT)
answer = {
    "updater": __version__,
    "slots": {"A": told("A"), "B": told("B")},
    "active": journal.active,
    "journal": journal.condition,
    "state": journal.state,
    "asks": journal.state == PENDING and is_asked,
    "runs": runs(),
    "length": journal.length,
    "staged": staged(),
    "swap_left": journal.swap_left,
    "trial_left": journal.trial_left,
    "unclean": journal.unclean,
    "counter": journal.counter,
    "outcome": journal.outcome,
    "outcome_text": journal.outcome_text,
    "settings": str(settings.error) if settings.error else lacks,
    "trusts": settings.allow_unsigned or bool(trusted_keys(slots, journal.active, settings)),
    "off": settings.off or size(ROOT + "/notedfu.off") is not None,
    "staging": settings.staging,
    "region": settings.staging_length,
    "room": slots.room(journal.active),
    "unit": os.statvfs(ROOT or "/")[0],
}
print("\x1e" + json.dumps(answer))
