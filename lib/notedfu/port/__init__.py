"""The interpreter's hardware, behind one short list of obligations: docs/PORTING.md."""


def load():
    """The port of the interpreter that runs this, for the file that runs the app."""
    try:
        import microcontroller  # noqa: F401 - asked for as a feature; `machine` is there in more places
    except ImportError:
        from notedfu.port.micropython import Port
    else:
        from notedfu.port.circuitpython import Port
    return Port()
