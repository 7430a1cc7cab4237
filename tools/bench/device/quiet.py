"""A boot with nothing to do, up to the app's first line; or the same app started without the library."""

import sys

import port
import prepare
import world

wire = None


def run(arguments):
    """Arguments: flash's address and length, wire, time; filesystem's blocks, "boot" or "alone"."""
    global wire
    time = world.StillTime(int(arguments[3]))
    wire = world.Wire(int(arguments[2]), time)
    flash = world.InstantFlash(int(arguments[0]), int(arguments[5]), time)
    prepare.mount(flash)
    board = port.Port("/d", time, wire, None)
    if arguments[6] == "alone":
        sys.path.insert(0, "/d/notedfu.d/a")
        __import__("app").main(None)
    from notedfu import bootup

    bootup.run(board)
