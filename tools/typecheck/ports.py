"""What is checked against which stubs, and what a port does not have."""

_LIB = "lib/notedfu/port/"
_BOTH = (_LIB + "regions.py",)
_MICROPYTHON = _BOTH + (_LIB + "micropython.py", _LIB + "later.py", _LIB + "wires.py", "boot.py", "main.py")
_CIRCUITPYTHON = _BOTH + (_LIB + "circuitpython.py", _LIB + "dualbanks.py", "circuitpython")

FILES = {
    "esp32": _MICROPYTHON + (_LIB + "banks.py",),
    "rp2": _MICROPYTHON + (_LIB + "roms.py",),
    "stm32": _MICROPYTHON + (_LIB + "roms.py",),
    "circuitpython": _CIRCUITPYTHON,
}

# What the code asks for as a feature, in a `try`, and what this port does not have: each must be reported
# missing, or the entry has to go. Nothing else may be reported.
_NO_MODULE = 'Import "%s" could not be resolved'


def _without(*modules):
    return [_NO_MODULE % name for name in modules]


ABSENT = {
    "esp32": _without("rp2", "pyb"),
    "rp2": _without("esp32", "pyb"),
    # MD5: only boards with a network stack have it
    "stm32": _without("esp32", "rp2") + ['"md5" is unknown import symbol'],
    "circuitpython": _without("esp32", "rp2", "pyb"),
}
