"""A CircuitPython device in one process:

the rig, with the port and the fakes of CircuitPython, and its entry files.

It runs over a scratch folder, where a drive that programs can't write is an open() that refuses; and on
MicroPython over FAT on the NOR model, where it is the filesystem's own doing, by `remount(readonly)`, which
the test gives.
"""

import builtins
import os
import sys

import rig
from tools.board.device import circuitpython as fakes
from tools.board.device.circuitpython import busio, supervisor
from tools.notecard.i2c import I2CFrontEnd
from tools.notecard.serial import SerialFrontEnd, SerialPort

_HERE = __file__.rsplit("/", 1)[0]
_FILES = _HERE.rsplit("/", 1)[0] + "/circuitpython/"


def find_busdevice():
    """Load the real adafruit_bus_device: CPython finds it by itself, MicroPython is told where it lies."""
    sys.modules["busio"] = busio  # for its annotations
    try:
        import adafruit_bus_device.i2c_device
    except ImportError:
        lib = _HERE.rsplit("/", 1)[0] + "/build/venv/lib"
        (python,) = [name for name in os.listdir(lib) if name.startswith("python")]
        sys.path.append("%s/%s/site-packages" % (lib, python))
        import adafruit_bus_device.i2c_device  # noqa: F401

        sys.path.pop()
    sys.modules.pop("busio")


find_busdevice()
_open = builtins.open


def _refuse_writing(root):
    """Let open() refuse to write below `root`."""

    def open(path, mode="r", *more):
        if str(path).startswith(root) and ("w" in mode or "a" in mode or "+" in mode):
            raise OSError(30)  # EROFS
        return _open(path, mode, *more)

    builtins.open = open


class Wire:
    """The Notecard's end of the bus, taking the time that a wire takes."""

    def __init__(self, owner):
        self._front = I2CFrontEnd(owner.engine)
        self._pass = owner.time.advance

    def write(self, address, data):
        self._pass((len(data) + 1) * 9 / 100)
        self._front.write(address, data)

    def read(self, address, n):
        self._pass((n + 1) * 9 / 100)
        return self._front.read(address, n)


class Time:
    """The module `time` as the port uses it."""

    def __init__(self, virtual):
        self._virtual = virtual

    def sleep(self, seconds):
        self._virtual.advance(seconds * 1000)


class CircuitRig(rig.Rig):
    """As Rig; boot() is a hard reset: boot.py, then code.py. usb: whether a computer may see the drive."""

    def __init__(self, root, settings=None, usb=True, nvm=4096, remount=None, has_hashlib=True):
        super().__init__(root, settings=settings)
        remount = remount or self._remount
        self.device = fakes.Board(
            self.elapsed_ms,
            self._reset,
            Wire(self),
            self._serial,
            remount,
            bytearray(b"\xff" * nvm) if nvm else None,
            usb,
        )
        self.device.has_hashlib = has_hashlib
        self.device.on_watchdog = self._on_watchdog
        self.device.watchdog_limit_s = 128  # Espressif's is that of the system; rp2's has a test of its own

    def _remount(self, readonly):
        if readonly:
            _refuse_writing(self.root)
        else:
            builtins.open = _open

    def _serial(self, baud, size):
        return SerialPort(SerialFrontEnd(self.engine, baud), self.time.advance, baud, size)

    def _reset(self):
        raise rig.Reset()

    def _on_watchdog(self, timeout_s):
        self.bite_at(None if timeout_s is None else timeout_s * 1000)

    def boot(self, for_s=600):
        """A hard reset. Returns what ended code.py: as Rig.boot(), or "reload"."""
        return self._life(self._whole, for_s)

    def boot_without_ours(self, for_s=600):
        """The same with a boot.py that fails, or is somebody else's."""
        return self._life(self._without_boot, for_s)

    def reload(self, for_s=600, why="Ctrl-D"):
        """code.py alone, as after a save, Ctrl-D or a reload by the app: a value of supervisor.RunReason."""
        self.device.run_reason = why
        return self._life(self._code, for_s)

    def safemode(self, for_s=600):
        """safemode.py alone, as after a crash of the interpreter."""
        return self._life(self._safemode, for_s)

    def _life(self, what, for_s):
        self._off_ms = self.time.elapsed_ms + for_s * 1000
        self.bite_at(None)
        path = list(sys.path)
        before = fakes.install(self.device)
        try:
            what()
        except rig.Reset:
            return "reset"
        except rig.PowerCycle:
            return "power"
        except rig.Bite:
            return "watchdog"
        except KeyboardInterrupt:
            return "repl"
        except supervisor.ReloadException:
            return "reload"
        finally:
            builtins.open = _open
            fakes.restore(before)
            self.time.ends_ms = None
            sys.path[:] = path
        return "repl"

    def _whole(self):
        self.device.begin_boot()
        self._run("boot.py")
        self._code()

    def _without_boot(self):
        self.device.begin_boot()
        self._code()

    def _code(self):
        self.device.end_boot()
        self._run("code.py")

    def _safemode(self):
        self.device.begin_boot()
        self._run("safemode.py")

    def _run(self, name):
        """One entry file; the app is loaded anew."""
        sys.modules.pop("app", None)
        from notedfu.port import circuitpython

        circuitpython.time = Time(self.time)
        circuitpython.Port.root = self.root
        circuitpython.Port.say = self._say
        circuitpython.Port.complain = self._complain
        sys.modules["traceback"].print_exception = self._complain
        with open(_FILES + name) as file:
            source = file.read().replace("    import time\n", "")  # it gets the rig's
        exec(source, {"__name__": "__main__", "time": circuitpython.time})

    def _say(self, text):
        self.said.append(text)

    def _complain(self, error):
        if isinstance(error, (rig.Reset, rig.PowerCycle, rig.Bite)):
            raise error  # the rig's own end of a life
        if len(self.complaints) > 50:
            raise AssertionError("complaints without end: %s" % self.complaints[-3:])
        self.said.append("%s: %s" % (type(error).__name__, error))
        self.complaints.append(error)

    def settings_with(self, **values):
        """Settings with `values`."""
        from notedfu.settings import Settings

        settings = Settings()
        for name in values:
            setattr(settings, name, values[name])
        return settings
