"""The interpreter's hardware, behind one short list of obligations: docs/PORTING.md."""

_port = None


def load():
    """The port of the interpreter that runs this, for the file that runs the app.

    One object from boot.py to the next reset: the watchdog's guard, which boot.py makes, belongs to it.
    """
    global _port
    if _port is None:
        _port = _find()()
    return _port


def forget():
    """A new virtual machine begins: the next load() makes a port of its own. For tests of several boots."""
    global _port
    _port = None


def _find():
    try:
        import microcontroller  # noqa: F401 - asked for as a feature; `machine` is there in more places
    except ImportError:
        from notedfu.port.micropython import Port
    else:
        from notedfu.port.circuitpython import Port
    return Port
