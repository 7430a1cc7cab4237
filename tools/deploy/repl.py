"""A CircuitPython board, as its serial prompt reaches it: mpremote's soft reset is not CircuitPython's."""

import json
import time

import serial

from tools.deploy.board import MARK, Board, script_text
from tools.failure import Failure

_RAW = b"raw REPL; CTRL-B to exit\r\n>"
_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
_PIECE = 64  # bytes: a receive buffer of USB CDC
_ANSWER_S = 60
_PROMPT_S = 5
_KIND = "import sys\ntry:\n import supervisor\nexcept ImportError:\n print('no')\nelse:\n print('yes')\n"


class Repl:
    """The raw REPL at `port`. Ctrl-C ends what runs; close() starts code.py anew."""

    def __init__(self, port):
        self._port = port
        self._got = b""
        try:
            self._serial = serial.Serial(port, 115200, timeout=0.1)
        except (OSError, serial.SerialException) as error:
            hint = "is it plugged in, and is no terminal or editor connected?"
            raise Failure("%s can't be opened: %s (%s)" % (port, error, hint)) from None
        self._enter()

    def ask(self, script, **values):
        """As board.Board.ask(), but in the virtual machine of the prompt, without a reset before."""
        said = self.execute(script_text(script, values))
        for line in said.split("\n"):
            if line.startswith(MARK):
                return json.loads(line[1:])
        raise Failure("%s failed on %s: %s" % (script, self._port, said.strip().split("\n")[-1]))

    def execute(self, code):
        """Run `code`; returns what it printed, a traceback included."""
        data = code.encode()
        for at in range(0, len(data), _PIECE):
            self._serial.write(data[at : at + _PIECE])
            time.sleep(0.005)
        self._serial.write(_CTRL_D)
        self._until(b"OK", _PROMPT_S)
        said = self._until(_CTRL_D, _ANSWER_S)
        said += self._until(_CTRL_D + b">", _PROMPT_S)
        return said.decode("utf-8", "replace").replace("\r", "")

    def close(self):
        """Leave the prompt: code.py runs again."""
        self._serial.write(_CTRL_B + _CTRL_D)
        self._serial.flush()
        self._serial.close()

    def _enter(self):
        """Twice, as the first key may only end "Press any key to enter the REPL"."""
        for _ in range(3):
            self._serial.write(b"\r" + _CTRL_C + _CTRL_C)
            time.sleep(0.3)
            self._serial.reset_input_buffer()
            self._got = b""
            self._serial.write(b"\r" + _CTRL_A)
            try:
                self._until(_RAW, _PROMPT_S / 3)
                return
            except Failure:
                pass
        raise Failure("%s shows no prompt: press reset, and try again" % self._port)

    def _until(self, end, timeout_s):
        """What comes before `end`; what comes after it is for the next call."""
        deadline = time.monotonic() + timeout_s
        while end not in self._got:
            if time.monotonic() > deadline:
                raise Failure("no answer from %s in %d s, only %r" % (self._port, timeout_s, self._got[-80:]))
            self._got += self._serial.read(max(1, self._serial.in_waiting))
        before, self._got = self._got.split(end, 1)
        return before


def ask(port, script):
    """What the board at `port` answers to on_board/<script>.py: by mpremote, CircuitPython by its prompt."""
    repl = Repl(port)
    try:
        if "yes" in repl.execute(_KIND):
            return repl.ask(script)
    finally:
        repl.close()
    return Board(port).ask(script)
