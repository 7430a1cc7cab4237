"""One life of the board, from power-up to the kill: a MicroPython process with its wires."""

import importlib.util
import json
import os
import signal
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
        self.console, self._slave = terminal.open_for_program()
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
        command += [str(HERE / "device" / "rom.py"), str(paths.ROOT)]
        # MicroPython makes names of its arguments, and none is longer than 255 bytes
        command += [json.dumps(part, separators=(",", ":")) for part in (config, wires)]
        self._process = subprocess.Popen(
            command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            pass_fds=[fd for fd in wires.values() if fd >= 0],
            start_new_session=True,
            cwd="/",
            env={},
        )
        theirs.close()
        self._told = b""
        self._ctrl_c_waits = False
        self.takes_ctrl_c = None  # as micropython.kbd_intr() says; None until the program has said it

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
        """Put `data` on its terminal; a Ctrl-C in it interrupts a program that runs."""
        try:
            if not self.takes_ctrl_c:
                os.write(self.console, data)
                self._ctrl_c_waits = self.takes_ctrl_c is None and data.endswith(b"\x03")
                return
            *lines, last = data.split(b"\x03")
            for line in lines:
                os.write(self.console, line)
                self.interrupt()
            if last:
                os.write(self.console, last)
                self._ctrl_c_waits = False
        except OSError:
            pass  # it has ended

    def interrupt(self):
        """What Ctrl-C does: a KeyboardInterrupt for a program, a character for the prompt."""
        self._ctrl_c_waits = False
        if terminal.signals_wanted(self.console):
            terminal.forget_input(self._slave)
            self._process.send_signal(signal.SIGUSR1)
        else:
            os.write(self.console, b"\x03")
            self._ctrl_c_waits = True

    def mend_interrupt(self):
        """A Ctrl-C that came while the prompt was going is for the program that runs now.

        When the interpreter leaves its prompt, it throws away what was typed and not read. As long as nothing
        else was typed, a program that runs must have begun before the Ctrl-C. So must one whose output is
        here while what it has told of Ctrl-C is still to be read.
        """
        if self._ctrl_c_waits and self.takes_ctrl_c and terminal.signals_wanted(self.console):
            self.interrupt()

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
        os.close(self._slave)
        self.control.close()
