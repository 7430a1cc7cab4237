"""The parts of a demo, joined: a simulated Notecard, the virtual board, its settings."""

import json
import re
import threading
import time

from tools import paths
from tools.board import firmware
from tools.board.device.esp32 import ota_layout
from tools.board.geometry import Geometry
from tools.board.kinds import KINDS
from tools.board.supervisor import Board, BoardError
from tools.demo.flash import Contents
from tools.deploy import drive
from tools.deploy.steps import deploy
from tools.notecard.engine import Engine
from tools.notecard.server import Server, wall_clock
from tools.notecard.transcript import Transcript

_LATENCY_MS = 20

SETTINGS = {
    "check_s": 10,
    "uart_baud": 115200,
}


class World:
    """Everything there is. `with World(...) as world:`; trust: settings; transcript: a path."""

    def __init__(self, link, staging, scenario, trust, transcript):
        self.kind = KINDS[scenario.board]
        self.geometry = Geometry(kind=scenario.board, fs=self.kind.fs)
        self.flash_file = paths.BUILD / "demo" / "flash.bin"
        self.flash_file.parent.mkdir(parents=True, exist_ok=True)
        self.flash_file.unlink(missing_ok=True)
        if self.kind.firmware:
            self._flash_firmware()
        self._transcript = open(transcript, "w")
        self.records = []
        self._lock = threading.Lock()
        self.engine = Engine(wall_clock(), scenario.preset, transcript=Transcript(self._write))
        self.engine.latency_ms = _LATENCY_MS
        self.engine.dfu.download_ms = 500
        self.server = Server(self.engine)
        wires = {"i2c": self.server.serve_i2c}
        if link == "uart":
            wires = {"uart": self.server.open_pty()}
        self.board = Board(self.flash_file, geometry=self.geometry, **wires)
        self.settings = dict(SETTINGS, link=link, staging=staging, **self.kind.settings, **trust)
        if staging == "flash":
            self.settings.update(self.kind.region)
        self.settings.update(scenario.settings)

    def _flash_firmware(self):
        """As esptool does it, into the first OTA slot."""
        data = bytearray(b"\xff" * self.geometry.size)
        slots = ota_layout(self.geometry.size // self.geometry.erase_block, self.geometry.fs_blocks)[1]
        at = slots[0][0] * self.geometry.erase_block
        made = firmware.made(self.kind.firmware, size=100000, chip=self.kind.chip)
        data[at : at + len(made)] = made
        self.flash_file.write_bytes(data)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.board.close()
        self.server.close()
        self._transcript.close()

    def deploy(self, image, say=lambda line: None):
        """Put the updater and the app of `image` (None: no app) on the board, as `make deploy` does."""
        path = paths.BUILD / "demo" / "notedfu.json"
        path.write_text(json.dumps(self.settings, indent=2))
        if self.kind.fs == "fat":
            drive.deploy(self.board, self.flash_file, self.geometry, image and str(image), str(path))
        else:
            deploy(self.board.pty, image and str(image), str(path), say)

    def printed(self, version, timeout_s=60):
        """Wait until the app of this version has printed it; returns it."""
        self.board.wait_for("app " + version, timeout_s)
        return version

    def record(self):
        """What the journal says now, in the flash file while the board is on; {} if it was being written."""
        try:
            return Contents(self).record()
        except ValueError:
            return {}

    def wait(self, found, what, timeout_s=60):
        """Wait until found()."""
        end = time.monotonic() + timeout_s
        while not found():
            if self.board.violation:
                raise BoardError("flash violation: " + self.board.violation)
            if time.monotonic() > end:
                shown = self.board.console.text[-3000:]
                raise BoardError("waited for %s; the console's end:\n%s" % (what, shown))
            time.sleep(0.05)

    def last_printed(self):
        """What the app that ran last has printed."""
        found = re.findall(r"app (\d+\.\d+\.\d+)", self.board.console.text)
        return found[-1] if found else "nothing"

    def _write(self, line):
        self._transcript.write(line)
        self._transcript.flush()
        self.records.append(json.loads(line))

    def reports(self):
        """All dfu.status requests with `stop`, in order."""
        return [one["req"] for one in list(self.records) if one.get("req", {}).get("stop")]
