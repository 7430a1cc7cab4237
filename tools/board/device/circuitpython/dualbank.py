"""The module `dualbank` (Espressif): write-only, and gone with the VM."""

from tools.board.device import circuitpython as here

_written = None


def flash(buffer, offset=0):
    """Write firmware to the inactive slot."""
    global _written
    _check()
    _written = max(_written or 0, offset + len(buffer))


def switch():
    """Boot the other slot at the next reset."""
    _check()
    if not _written:
        raise OSError(5)


def _check():
    if here.current.extended:
        raise RuntimeError("Firmware is duplicated: storage is extended")
