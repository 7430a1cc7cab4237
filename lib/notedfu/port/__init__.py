"""The interpreter's hardware, behind one short list of obligations: docs/PORTING.md."""

_port = None


def load():
    """The port of the interpreter that runs this: one object from boot.py to the next reset."""
    global _port
    if _port is None:
        _port = _find()()
    return _port


def _find():
    try:
        import machine  # noqa: F401 - asked for as a feature
    except ImportError:
        from notedfu.port.circuitpython import Port
    else:
        from notedfu.port.micropython import Port
    return Port
