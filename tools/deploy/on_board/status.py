import binascii
import json
import os

from notedfu import __version__
from notedfu.journal import Journal
from notedfu.settings import Settings
from notedfu.slots import A, B, Slots

DATA = "/notedfu.d"


def size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return None


def told(manifest):
    if manifest is None:
        return None
    return {
        "version": manifest.version,
        "counter": manifest.counter,
        "confirmed": manifest.confirmed,
        "identity": binascii.hexlify(manifest.identity).decode(),
    }


settings = Settings().load("/notedfu.json")
slots = Slots(DATA)
journal = Journal(DATA + "/journal")
journal.load()
answer = {
    "updater": __version__,
    "slots": {"A": told(slots.load(A)), "B": told(slots.load(B))},
    "active": journal.active,
    "journal": journal.condition,
    "state": journal.state,
    "length": journal.length,
    "staged": size(DATA + "/staging.img"),
    "swap_left": journal.swap_left,
    "trial_left": journal.trial_left,
    "unclean": journal.unclean,
    "counter": journal.counter,
    "outcome": journal.outcome,
    "outcome_text": journal.outcome_text,
    "settings": str(settings.error) if settings.error else None,
    "off": settings.off or size("/notedfu.off") is not None,
    "staging": settings.staging,
    "region": settings.staging_length,
    "room": slots.room(journal.active),
}
print("\x1e" + json.dumps(answer))
