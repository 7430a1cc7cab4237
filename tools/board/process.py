"""One life of the board, from power-up to the kill: a MicroPython process with its wires."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from tools import paths
from tools.board import terminal

HERE = Path(__file__).parent


class Life:
    """A running interpreter. `console` is the master of its terminal, `control` the socket on which it tells.

    `config` goes to device/startup.py; `wires` maps the names of its file descriptors to ours.
    """

    def __init__(self, heapsize, config, wires):
        self.console, slave = terminal.open_raw(ctrl_c_interrupts=True)
        self.control, theirs = socket.socketpair()
        wires = dict(wires, control=theirs.fileno())
        folder = str(Path(importlib.util.find_spec("micropython_run").origin).parent)
        command = [
            sys.executable,
            "-I",
            "-S",
            str(HERE / "launch.py"),
            folder,
            "-X",
            "heapsize=" + heapsize,
            "-i",
        ]
        command += [str(HERE / "device" / "rom.py"), str(paths.ROOT), json.dumps(dict(config, **wires))]
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            pass_fds=[fd for fd in wires.values() if fd >= 0],
            start_new_session=True,
            cwd="/",
            env={},
        )
        os.close(slave)
        theirs.close()
        self._told = b""

    def read_console(self):
        """What it has printed, b"" when it has ended."""
        try:
            return os.read(self.console, 65536)
        except OSError:
            return b""

    def told(self):
        """The whole lines that it has told, as lists of words."""
        try:
            self._told += self.control.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass
        *lines, self._told = self._told.split(b"\n")
        return [line.decode().split(" ", 1) for line in lines]

    def type(self, data):
        """Put `data` on its terminal."""
        try:
            os.write(self.console, data)
        except OSError:
            pass  # it has ended

    def ended(self):
        """None while it runs; "soft" when it has left by itself (Ctrl-D, SystemExit), "crash" by a signal."""
        status = self._process.poll()
        if status is None:
            return None
        return "crash" if status < 0 else "soft"

    def kill(self):
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        os.close(self.console)
        self.control.close()
