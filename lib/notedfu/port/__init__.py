"""The interpreter's hardware, behind one short list of obligations: docs/PORTING.md."""


def load():
    """The port of the interpreter that runs this."""
    try:
        import machine  # noqa: F401 - asked for as a feature
    except ImportError:
        from notedfu.port.circuitpython import Port
    else:
        from notedfu.port.micropython import Port
    return Port()
