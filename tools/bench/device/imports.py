"""Imports what the arguments name, and says what that takes beside the bench's own modules."""

import gc

import bench_app  # noqa: F401
import port  # noqa: F401
import prepare  # noqa: F401
import world


def run(arguments):
    """Arguments: flash's address and length, wire, time; modules."""
    wire = world.Wire(int(arguments[2]), world.Time(0))
    gc.collect()
    before = gc.mem_alloc()
    for name in arguments[5:]:
        __import__("notedfu." + name)
    gc.collect()
    wire.tell("heap %d" % (gc.mem_alloc() - before))
    wire.end("done")
