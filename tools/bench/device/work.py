"""The bench's own share of the work: a download's transfers and flash operations, without the library."""

import world


def run(arguments):
    """Arguments: flash's address and length, wire, time; pages of 4096 bytes in base64."""
    time = world.Time(0)
    wire = world.Wire(int(arguments[2]), time)
    bus = world.Bus(wire, time, 100000)
    flash = world.Flash(int(arguments[0]), int(arguments[1]) // 4096, time)
    pages = int(arguments[5])
    buf = bytearray(255)
    back = bytearray(256)
    view = memoryview(bytearray(4096))
    wire.tell("mark begin %d 0 0 0 0 0" % time.us)
    for page in range(pages):
        buf[0] = 1
        bus.write(23, buf, 93)
        buf[0] = 0
        bus.write(23, buf, 2)
        bus.read(23, buf, 2)
        for _ in range(22):
            buf[0] = 0
            bus.write(23, buf, 2)
            bus.read(23, buf, 255)
        flash.ioctl(6, page)
        flash.writeblocks(page, view, 0)
        for at in range(16):
            flash.readblocks(page, back, 256 * at)
    wire.end("done")
