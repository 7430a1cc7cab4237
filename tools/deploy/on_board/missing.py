def missing(settings):
    """What the settings' target needs and `make deploy` has left off, in words; None where all is there."""
    if settings.target == "slots":
        return None
    try:
        __import__("notedfu.otaslots" if settings.target == "ota" else "notedfu.romslots")
    except ImportError:
        return "target %s: its modules are not on the board: make deploy" % settings.target
    return None
