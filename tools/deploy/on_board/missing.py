def missing(settings):
    """What the settings' target needs and this board has not, in words; None where all is there."""
    if settings.target == "slots":
        return None
    is_ota = settings.target == "ota"
    try:
        __import__("notedfu.otaslots" if is_ota else "notedfu.romslots")
    except ImportError:
        return "target %s: its modules are not on the board: make deploy" % settings.target
    try:
        from notedfu.port.micropython import port
    except ImportError:  # CircuitPython's are told by code.py alone
        return None
    from notedfu.errors import LocalError

    try:
        port.banks() if is_ota else port.rom()
    except LocalError as error:
        return "target %s: %s" % (settings.target, error.text)
    return None
