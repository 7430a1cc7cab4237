"""note-python as its users write an update: dfu.get in a loop, a2b_base64, md5, and the piece into flash."""

import gc
import hashlib
from binascii import a2b_base64, hexlify

import virtual_board
import world


def fetch(card, flash, page, mark):
    """The whole image."""
    reply = card.Transaction({"req": "dfu.status"})
    length = reply["body"]["length"]
    image = hashlib.md5()
    at = 0
    while at < length:
        n = min(page, length - at)
        reply = card.Transaction({"req": "dfu.get", "offset": at, "length": n})
        data = a2b_base64(reply["payload"])
        if hexlify(hashlib.md5(data).digest()).decode() != reply["status"]:
            raise ValueError("md5")
        image.update(data)
        for block in range(at // 4096, (at + n + 4095) // 4096):
            if block * 4096 >= at:
                flash.ioctl(6, block)
        flash.writeblocks(at // 4096, data, at % 4096)
        if not at:
            mark("download")
        at += n
    if hexlify(image.digest()).decode() != card.Transaction({"req": "dfu.status"})["body"]["md5"]:
        raise ValueError("md5 of the image")
    mark("verify")


def begin(arguments):
    """(time, wire, flash, mark) of the arguments: address, length, wire, time, link, baud, page, flash."""
    time = world.Time(int(arguments[3]))
    wire = world.Wire(int(arguments[2]), time)
    flash = getattr(world, arguments[8])(int(arguments[0]), int(arguments[1]) // 4096, time)

    def mark(name):
        used = gc.mem_alloc()
        wire.tell("mark %s %d %d %d %d %d %d" % (name, time.us, time.wait, time.wire, time.flash, used, 0))

    return time, wire, flash, mark


def run(arguments):
    time, wire, flash, mark = begin(arguments)
    virtual_board.install(time)
    import notecard

    port = virtual_board.ports(time, wire, arguments[5], int(arguments[6]))
    if arguments[5] == "uart":
        card = notecard.OpenSerial(port)
    else:
        card = notecard.OpenI2C(port, 0, 0)
    fetch(card, flash, int(arguments[7]), mark)
    wire.end("done")
