# ruff: noqa: F821 - given: ROOT, where boot.py lies, and REPLACE_APP, whether slot A has been filled
import json

from notedfu.journal import FRESH, IDLE, Journal
from notedfu.slots import A, Slots

slots = Slots(ROOT + "/notedfu.d")
journal = Journal(ROOT + "/notedfu.d/journal")
journal.load()
is_new = journal.condition == FRESH and not slots.any()
journal.create()
if REPLACE_APP:
    slots.confirm(A)  # whoever holds the cable vouches for it
    manifest = slots.load(A)
    with open(ROOT + "/notedfu.d/a.cable", "wb") as file:  # the mark is good for this manifest alone
        file.write(manifest.crc)
    journal.active = A
    journal.counter = max(journal.counter, manifest.counter)
    journal.state = IDLE
    journal.running = journal.unclean = 0
if REPLACE_APP or is_new:
    journal.save()  # else what the board has decided stays, and the next boot mends a lost journal
print("\x1e" + json.dumps({"apps": slots.any(), "room": slots.room(journal.active)}))
