"""A board, as mpremote reaches it. Each call is one mpremote process: raw REPL, soft reset, commands, end."""

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path

from tools import paths
from tools.failure import Failure

_SCRIPTS = Path(__file__).parent / "on_board"
MARK = "\x1e"  # begins the line with a script's answer; whatever boot.py prints stands before it
STOPPED = "stopped: the board may be at its prompt now, press reset"
_TIMEOUT_S = 120
# what the board says of a library whose copy was cut off
_TORN = ("incompatible .mpy", "no module named 'notedfu")


_ROOT = "import os\nROOT = os.getcwd().rstrip('/')\n"  # where boot.py lies: /flash on stm32
_SHARED = ("belongs", "missing")  # functions of several scripts, each in a file of its name


def script_text(name, values):
    """The script with its globals in front; a prompt's working directory is the one of boot.py."""
    code = _ROOT + "".join("%s = %r\n" % item for item in values.items())
    text = (_SCRIPTS / (name + ".py")).read_text(encoding="utf-8")
    for shared in _SHARED:
        if shared + "(" in text:
            code += (_SCRIPTS / (shared + ".py")).read_text(encoding="utf-8")
    return code + text


class Board:
    """The board at `port`: a serial device, or a virtual board's pty."""

    def __init__(self, port):
        self.port = port

    def _command(self, *commands):
        return [paths.MPREMOTE, "connect", self.port, *commands]

    def _failed(self, what, said):
        lines = [line for line in said.strip().splitlines() if line.strip()]
        last = lines[-1] if lines else "mpremote said nothing"
        hint = ""
        if "mpremote" in last:  # its own words; else they are the board's
            hint = "\n(is it plugged in, and is no terminal or editor connected?)"
        elif any(words in last for words in _TORN):
            hint = "\n(the updater on the board is not whole: make deploy)"
        return Failure("%s failed on %s: %s%s" % (what, self.port, last, hint))

    def ask(self, script, **values):
        """Runs on_board/<script>.py with `values` as its globals; returns what it answered."""
        return self.hear(script, **values)[1]

    def hear(self, script, **values):
        """As ask(); returns what the board printed before it answered, and the answer."""
        code = script_text(script, values)
        try:
            done = subprocess.run(
                self._command("exec", code),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            raise self._failed(script, "no answer in %d s" % _TIMEOUT_S) from None
        before, mark, answer = done.stdout.partition(MARK)
        if not mark:
            raise self._failed(script, done.stdout + done.stderr)
        return before, json.loads(answer.split("\n")[0])  # splitlines() would split at the mark

    def copy(self, folders, seen, script, **values):
        """Copies files, then asks `script` in the same session; returns what it answered.

        What is there already, by its SHA-256, is left alone. folders: {folder on the board, a slash at its
        end: [local files]}; seen(path) is told of each file.
        """
        commands = []
        for folder, files in folders.items():
            commands += ["+", "cp", *(str(file) for file in files), ":" + folder[1:]]
        said, answer = "", None
        with self._spoken(*commands, "+", "exec", script_text(script, values)) as process:
            for line in process.stdout:
                said = line if line.strip() else said
                if line.startswith("cp "):
                    seen(line[3:].rpartition(" :")[0])
                if line.startswith(MARK):
                    answer = json.loads(line[1:])
        if process.returncode or answer is None:
            raise self._failed("copying", said)
        return answer

    @contextmanager
    def _spoken(self, *commands):
        """A process of mpremote's, whose output is to be read. What ends the reading ends it too, so that the
        port is free."""
        command = self._command(*commands)
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise

    def fetch(self, path, local):
        """Copies one file from the board."""
        done = subprocess.run(
            self._command("cp", ":" + path[1:], str(local)),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
        if done.returncode:
            raise self._failed("copying " + path, done.stdout + done.stderr)

    def fetch_all(self, files):
        """Copies {path: local file} from the board, in one session."""
        commands = []
        for path, local in files.items():
            commands += ["+", "cp", ":" + path[1:], str(local)]
        if not commands:
            return
        done = subprocess.run(
            self._command(*commands[1:]), capture_output=True, text=True, timeout=_TIMEOUT_S * 5
        )
        if done.returncode:
            raise self._failed("copying from the board", done.stdout + done.stderr)

    def reset(self):
        """A hard reset: boot.py and main.py run."""
        done = subprocess.run(self._command("reset"), capture_output=True, text=True, timeout=_TIMEOUT_S)
        if done.returncode:
            raise self._failed("the reset", done.stdout + done.stderr)
