"""`sys`, `os`, `vfs` and `micropython` without the host, as a program on a board finds them."""

import os as _os
import sys as _sys
from collections import namedtuple

import micropython as _micropython
import vfs  # or what a kind of board puts in its place

platform = "rp2"
_OS = (
    "chdir errno getcwd ilistdir listdir mkdir mount remove rename rmdir sep stat statvfs umount unlink "
    "urandom VfsFat VfsLfs2"
)


class Facade:
    """An object that stands in sys.modules for a module."""

    def __init__(self, name, module, names):
        self.__name__ = name
        for item in names.split():
            if hasattr(module, item):
                setattr(self, item, getattr(module, item))


class Sys:
    """The real `sys`, with the board's platform. Assignments to `path`, `ps1`, `ps2` reach the real one."""

    __name__ = "sys"

    def __getattr__(self, name):
        if name == "platform":
            return platform
        if name in ("executable", "atexit"):
            raise AttributeError(name)
        return getattr(_sys, name)

    def __setattr__(self, name, value):
        setattr(_sys, name, value)

    def __dir__(self):
        return dir(_sys)


_Uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))


def names():
    """What uname() says: a board may put its own in place."""
    release = "%d.%d.%d" % _sys.implementation[1][:3]
    return platform, platform, release, _sys.version, "Virtual board"


def uname():
    return _Uname(*names())


def sync():
    pass


def install(control):
    """Put the facades in the place of the modules."""
    os = Facade("os", _os, _OS)
    os.uname = uname
    os.sync = sync
    _sys.modules["os"] = _sys.modules["uos"] = os
    _sys.modules["vfs"] = Facade("vfs", vfs, "VfsFat VfsLfs2 VfsRom mount umount rom_ioctl")
    micropython = Facade("micropython", _micropython, " ".join(dir(_micropython)))
    micropython.kbd_intr = lambda character: control.tell(b"ctrl-c %d\n" % character)
    _sys.modules["micropython"] = micropython
    _sys.modules["sys"] = _sys.modules["usys"] = Sys()
