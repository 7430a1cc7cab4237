"""A whole device in one process: the library, a simulated Notecard, files and flash, on virtual time.

The common subset only: it runs on CPython over a scratch folder, and on MicroPython over a scratch folder or
a filesystem on the NOR model. A reset is an exception here that is no Exception; the virtual board of
tools/board, where it comes from outside, is the stricter judge.
"""

import hashlib
import json
import os
import struct
import sys

import images
import tars
from check import Random
from notedfu import bootup, decide
from notedfu.errors import LocalError
from notedfu.port import BasePort
from tools.flash.blockdev import BlockDevice
from tools.flash.nor import NorFlash
from tools.notecard.engine import Engine
from tools.notecard.i2c import I2CBus, I2CFrontEnd
from tools.notecard.serial import SerialFrontEnd, SerialPort
from virtual import VirtualTime

RUNS = []  # (version, Updates) of each app run, newest last
TIME = []  # the VirtualTime of the rig that was made last
BEHAVIOUR = {}  # version: what that app does, a function of the Updates


class Reset(BaseException):
    """The board resets."""


class PowerCycle(BaseException):
    """A test pulled the plug."""


class Bite(BaseException):
    """The watchdog resets the board."""


def app_main(version, dfu):
    """What every rig app's main calls."""
    RUNS.append(version)
    return BEHAVIOUR[version](dfu)


def app_files(version, more=None):
    """The files of a rig app."""
    source = "import rig\n\n\ndef main(dfu):\n    return rig.app_main('%s', dfu)\n" % version
    files = {"app.py": source.encode(), "data/notes.txt": b"version " + version.encode()}
    files.update(more or {})
    return files


def app_image(version, more=None, protected=(), key=None):
    """An image of a rig app; version: "2.0.0"; signed if `key` is one of signer.py's."""
    files = app_files(version, more)
    numbers = tuple(int(part) for part in version.split(".")) + (0,)
    unpacked = (sum(len(data) for data in files.values()), len(files))
    return images.made(tars.of_files(files), images.usual(numbers, unpacked) + list(protected), numbers, key)


class RigGuard:
    """The watchdog: it bites where the power would have failed, if it comes earlier."""

    def __init__(self, rig, patience_ms):
        self._rig = rig
        self._patience_ms = patience_ms
        self.alive()

    def alive(self):
        self._rig.bite_at(self._patience_ms)


class RigPort(BasePort):
    """The port of docs/PORTING.md, over the rig."""

    acts_in_boot = False
    passing = ()

    def __init__(self, rig):
        self._rig = rig
        self.root = rig.root
        self._said = rig.said

    def clock(self):
        return self._rig.time.clock()

    def ms(self):
        return self.clock().ms()

    def bus(self, settings):
        return I2CBus(I2CFrontEnd(self._rig.engine), self._rig.time.advance, settings.i2c_hz)

    def serial(self, settings):
        front = SerialFrontEnd(self._rig.engine, settings.uart_baud)
        return SerialPort(front, self._rig.time.advance, settings.uart_baud, settings.uart_rxbuf)

    def wake_lines(self, settings):
        raise AssertionError("this Notecard does not sleep")

    def region(self, settings):
        return self._rig.region

    def banks(self):
        if self._rig.banks is None:
            raise LocalError("no-banks", "this board has one firmware")
        return self._rig.banks()

    def rom(self):
        from notedfu.port.roms import rom

        return rom()

    def sha256(self, data=b""):
        return hashlib.sha256(data)

    def md5(self):
        return hashlib.md5()

    def random16(self):
        return self._rig.random.below(1 << 16)

    def sizes(self, folder):
        found = {}
        for name in os.listdir(folder):
            status = os.stat(folder + "/" + name)
            if not status[0] & 0x4000:  # S_IFDIR
                found[name] = status[6]
        return found

    def pin_is_low(self, pin):
        return False

    def asked_for(self):
        return False

    def follows_boot(self):
        return False

    def guard(self, patience_ms):
        return RigGuard(self._rig, patience_ms)

    def release(self):
        self._rig.bite_at(None)

    def reset(self):
        raise Reset()

    def reset_after(self, delay_ms):
        self._rig.time.advance(delay_ms)
        raise Reset()

    def say(self, text):
        self._said.append(text)

    def keep(self, record):
        return False

    def kept(self):
        return b""

    def hand_over(self, settings):
        pass

    def complain(self, error):
        if not isinstance(error, Exception):
            raise error  # the rig's own reset or power cut
        if len(self._rig.complaints) > 50:
            raise AssertionError("complaints without end: %s" % self._rig.complaints[-3:])
        self._rig.complaints.append(error)
        super().complain(error)

    def _show(self, error):
        self._said.append("%s: %s" % (type(error).__name__, error))


class Rig:
    """root: a folder of its own. preset: the Notecard's firmware. settings: what notedfu.json says."""

    def __init__(self, root, preset="8.x", settings=None, seed=1):
        self.root = root
        self.time = VirtualTime()
        self.said = []
        self.complaints = []
        self.records = []
        self.random = Random(seed)
        self.engine = Engine(self.elapsed_ms, preset, seed, transcript=self)
        self.engine.latency_ms = 20
        self.banks = None  # makes the port's banks at each boot
        self.region = BlockDevice(NorFlash(bytearray(b"\xff" * (64 * 4096))), 0, 64)
        self.settings = {"allow_unsigned": True, "check_s": 60}
        self.settings.update(settings or {})
        self.write("/notedfu.json", json.dumps(self.settings).encode())
        del RUNS[:]
        TIME[:] = [self.time]
        BEHAVIOUR.clear()

    # ---- the Notecard's transcript

    def elapsed_ms(self):
        return int(self.time.elapsed_ms)

    def exchange(self, t_ms, request, reply, faults):
        self.records.append((request, reply))

    def raw(self, t_ms, text, reply, faults):
        self.records.append((text, reply))

    def requests(self, name):
        """All requests with this name so far."""
        return [req for req, _ in self.records if isinstance(req, dict) and req.get("req") == name]

    def reports(self):
        """All dfu.status requests with `stop`, in order."""
        return [req for req in self.requests("dfu.status") if req.get("stop")]

    def offer(self, image):
        """Let Notehub offer an image, and the Notecard download it."""
        offer = self.engine.offer(image, "app.img")
        self.time.advance(self.engine.dfu.download_ms)
        self.engine.dfu.tick()
        return offer

    # ---- the device

    def write(self, path, data):
        with open(self.root + path, "wb") as file:
            file.write(data)

    def install_first(self, version, more=None, image=None):
        """Put an app into slot A as `make deploy` does: confirmed, with a journal.

        more: files. image: whose header and TLVs it has, if not app_image()'s.
        """
        from notedfu.slotwriter import SlotWriter

        boot = decide.Boot(RigPort(self))
        try:
            os.mkdir(boot.data)
        except OSError:
            pass
        image = image or app_image(version, more)
        writer = SlotWriter(boot.slots, 1, boot.clock)
        files = app_files(version, more)
        writer.begin()
        for folder in sorted({name.split("/")[0] for name in files if "/" in name}):
            writer.folder(folder)
        for name in sorted(files):
            writer.open(name, len(files[name]))
            writer.feed(files[name], 0, len(files[name]))
            writer.close()
        size = struct.unpack_from("<H", image, 10)[0]
        tail = 32 + struct.unpack_from("<I", image, 12)[0]
        writer.seal(image[:32], image[tail : tail + size], images.digest(image[: tail + size]))
        boot.slots.confirm(1)
        boot.journal.create()
        boot.journal.load()
        boot.journal.active = 1
        boot.journal.save()

    def boot(self, for_s=600):
        """One boot; returns how it ended: reset, watchdog, exit, repl, or after for_s power."""
        self._off_ms = self.time.elapsed_ms + for_s * 1000
        self.bite_at(None)
        for name in list(sys.modules):
            if name == "app":
                del sys.modules[name]
        path = list(sys.path)
        try:
            bootup.run(RigPort(self))
        except Reset:
            return "reset"
        except SystemExit:
            return "exit"
        except PowerCycle:
            return "power"
        except Bite:
            return "watchdog"
        finally:
            self.time.ends_ms = None
            sys.path[:] = path
        return "repl"

    def bite_at(self, patience_ms):
        """The next end of this boot: the watchdog's, unless the power fails before, or it is None."""
        time = self.time
        time.ends_ms, time.end = self._off_ms, self._cut
        if patience_ms is not None and time.elapsed_ms + patience_ms < self._off_ms:
            time.ends_ms, time.end = time.elapsed_ms + patience_ms, self._bite

    def _cut(self):
        raise PowerCycle()

    def _bite(self):
        raise Bite()

    def journal(self):
        """The journal as it lies on flash."""
        one = decide.Boot(RigPort(self))
        one.journal.load()
        return one.journal


def stay(dfu):
    """An app that polls for ever."""
    while True:
        dfu.work()


def confirm_and_stay(dfu):
    """A good app."""
    dfu.confirm()
    stay(dfu)
