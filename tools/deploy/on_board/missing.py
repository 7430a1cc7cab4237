def missing(settings):
    """What the settings ask for and this board has not, in words; None where all is there."""
    target = settings.target
    try:
        if target != "slots":
            __import__("notedfu.otaslots" if target == "ota" else "notedfu.romslots")
    except ImportError:
        return "target %s: its modules are not on the board: make deploy" % target
    try:
        from notedfu.port.micropython import port
    except ImportError:  # CircuitPython's are told by code.py alone
        return None
    from notedfu.errors import LocalError

    what = "target " + target
    try:
        if target != "slots":
            port.banks() if target == "ota" else port.rom()
        what = "staging " + settings.staging
        if settings.staging == "flash":
            port.region(settings)
    except LocalError as error:
        return "%s: %s" % (what, error.text)
    return None
