"""An empty board: a filesystem, the settings, and an app in slot A, confirmed, as `make deploy` leaves it."""

import os
import struct

import vfs
import world

_HEADER = struct.pack("<IIHHIIBBHII", 0x96F3B83D, 0, 32, 0, 1, 0, 1, 0, 0, 0, 0)


def mount(flash, root="/d"):
    """The filesystem as rp2 mounts it."""
    vfs.mount(vfs.VfsLfs2(flash, progsize=256), root)


def run(arguments):
    """Arguments: flash's address and length, wire, time; filesystem's blocks, settings as JSON, app."""
    from notedfu.journal import Journal
    from notedfu.slots import Slots
    from notedfu.slotwriter import SlotWriter

    time = world.Time(0)
    flash = world.InstantFlash(int(arguments[0]), int(arguments[5]), time)
    vfs.VfsLfs2.mkfs(flash, progsize=256)
    mount(flash)
    with open("/d/notedfu.json", "w") as file:
        file.write(arguments[6])
    os.mkdir("/d/notedfu.d")
    slots = Slots("/d/notedfu.d")
    writer = SlotWriter(slots, 1, time.clock())
    writer.begin()
    app = arguments[7]
    with open("/rom/" + app, "rb") as file:
        code = file.read()
    name = "app" + app[app.index(".") :]
    writer.open(name, len(code))
    writer.feed(code, 0, len(code))
    writer.close()
    writer.seal(_HEADER, b"", bytes(32))
    slots.confirm(1)
    journal = Journal("/d/notedfu.d/journal")
    journal.create()
    journal.load()
    journal.active = 1
    journal.save()
    journal.save()  # both copies are written in the field
    world.Wire(int(arguments[2]), time).end("prepared")
