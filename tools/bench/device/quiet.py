"""A boot with nothing to do, up to the app's first line; or the same app started without the library.

What is around the library has few names: each is in the way when a module's names are looked for.
"""

import sys

import uctypes
import vfs

_BLOCK = 4096


class Flash:
    """NOR flash in mapped memory; nothing is written."""

    def __init__(self, address, blocks):
        self.address = address
        self.blocks = blocks

    def readblocks(self, block, buf, offset=0):
        buf[:] = uctypes.bytearray_at(self.address + block * _BLOCK + offset, len(buf))

    def writeblocks(self, block, buf, offset=0):
        raise OSError

    def ioctl(self, op, arg):
        return {4: self.blocks, 5: _BLOCK}.get(op, 0)


def run(arguments):
    """Arguments: flash's address and length, wire, time; filesystem's blocks, "boot" or "alone".

    The port is that of the boards; the interpreter's `machine` has neither timer nor watchdog.
    """
    sys.modules["wire"] = int(arguments[2])
    vfs.mount(vfs.VfsLfs2(Flash(int(arguments[0]), int(arguments[5])), progsize=256), "/d")
    if arguments[6] == "alone":
        sys.path.insert(0, "/d/notedfu.d/a")
        __import__("app").main(None)
    from notedfu.port import micropython

    micropython.Port.root = "/d"
    micropython.Port.random16 = lambda _: 1  # not one of the eighth of all runs that are marked in flash
    from notedfu import bootup

    bootup.main()
