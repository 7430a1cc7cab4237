"""An app that is started, and that is all."""

import struct
import sys


def main(dfu):
    """What the library calls: the bench's last event."""
    wire = open(sys.modules["wire"], "r+b")
    wire.write(struct.pack("<BBHQ", 69, 0, 8, 0) + b"end done")
    wire.read(2)
