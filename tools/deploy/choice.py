"""Which modules of the library go on a board: not those that its interpreter or its target can't use.

The archives of `make dist`, package.json and manifest.py have them all: there nobody knows the settings.
"""

from pathlib import Path

from notedfu.settings import Settings

# of lib/notedfu
CIRCUITPYTHON = ("inboot.py", "port/circuitpython.py", "port/dualbanks.py")
MICROPYTHON = (
    "fast.py",
    "bankwriter.py",
    "port/micropython.py",
    "port/wires.py",
    "port/banks.py",
    "port/roms.py",
)
OF_TARGET = {
    "ota": (
        "bankwriter.py",
        "firmware.py",
        "otaslots.py",
        "otastage.py",
        "otaswap.py",
        "port/banks.py",
        "port/dualbanks.py",
    ),
    "romfs": ("romcopy.py", "romlook.py", "romslots.py", "port/roms.py"),
}
_NOT_THERE = {"circuitpython": MICROPYTHON, "micropython": CIRCUITPYTHON}
_PREFIX = "/lib/notedfu/"


def left_out(interpreter, target=None):
    """What does not go on a board with this interpreter and target. Without a target: what the first has."""
    found = set(_NOT_THERE[interpreter])
    if target:
        for other in OF_TARGET:
            if other != target:
                found.update(OF_TARGET[other])
    return found


def target_of(settings, before=None):
    """The target in the file `settings`; without one `before`, what the board has; else the default."""
    if settings and Path(settings).is_file():
        return Settings().load(str(settings)).target
    return before or Settings().target


def chosen(files, interpreter, target):
    """Those of {path on the board: local file} that go there."""
    out = {str(Path(name).with_suffix("")) for name in left_out(interpreter, target)}

    def goes(path):
        return not (path.startswith(_PREFIX) and str(Path(path[len(_PREFIX) :]).with_suffix("")) in out)

    return {path: local for path, local in files.items() if goes(path)}
