# ruff: noqa: F821 - ROOT is given: where boot.py lies
import json

from notedfu.journal import IDLE, Journal
from notedfu.slots import A, Slots

slots = Slots(ROOT + "/notedfu.d")
journal = Journal(ROOT + "/notedfu.d/journal")
journal.load()
journal.create()
if slots.load(A) is not None:
    slots.confirm(A)  # whoever holds the cable vouches for it
    manifest = slots.load(A)
    with open(ROOT + "/notedfu.d/a.cable", "wb") as file:  # the mark is good for this manifest alone
        file.write(manifest.crc)
    journal.active = A
    journal.counter = max(journal.counter, manifest.counter)
    journal.state = IDLE
    journal.running = journal.unclean = 0
journal.save()
print("\x1e" + json.dumps({"active": journal.active, "room": slots.room(journal.active)}))
