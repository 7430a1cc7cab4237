"""The parts of a demo, joined: a simulated Notecard, the virtual board, the images."""

import json
import shutil
import threading

from tools import paths
from tools.board.geometry import Geometry
from tools.board.supervisor import Board
from tools.deploy.steps import deploy
from tools.image import __main__ as image_tool
from tools.image import make
from tools.notecard.engine import Engine
from tools.notecard.server import Server, wall_clock
from tools.notecard.transcript import Transcript

_LATENCY_MS = 20
_TABLE_BYTES = 40000  # what the demo's app carries besides its code, so that there is something to watch

SETTINGS = {
    "allow_unsigned": True,
    "check_s": 10,
    "i2c_id": 0,
    "uart_id": 1,
    "uart_baud": 115200,
}


def make_image(version, change):
    """An image of examples/app with `version`; change(folder) edits its sources first. Returns the path."""
    source = paths.BUILD / "demo" / ("app-" + version)
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(paths.ROOT / "examples" / "app", source)
    table = bytes((at * at + len(version) * at + ord(version[0])) & 0xFF for at in range(_TABLE_BYTES))
    (source / "table.bin").write_bytes(table)
    change(source)
    out = paths.BUILD / "demo" / ("app-%s.img" % version)
    arguments = ["make", str(source), version, str(out), "--name", "app"]
    return make.make(image_tool.parser().parse_args(arguments))


class World:
    """Everything there is. `with World(...) as world:`; transcript: a path."""

    def __init__(self, link, staging, scenario, transcript):
        self.geometry = Geometry()
        self.flash_file = paths.BUILD / "demo" / "flash.bin"
        self.flash_file.parent.mkdir(parents=True, exist_ok=True)
        self.flash_file.unlink(missing_ok=True)
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
        self.settings = dict(SETTINGS, link=link, staging=staging)
        if staging == "flash":
            self.settings.update(staging_start=self.geometry.filesystem, staging_length=self.geometry.staging)
        self.settings.update(scenario.settings)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.board.close()
        self.server.close()
        self._transcript.close()

    def deploy(self, image, say):
        """Put the updater and the app of `image` on the board, by mpremote, as `make deploy` does."""
        path = paths.BUILD / "demo" / "notedfu.json"
        path.write_text(json.dumps(self.settings, indent=2))
        deploy(self.board.pty, str(image), str(path), say)

    def _write(self, line):
        self._transcript.write(line)
        self._transcript.flush()
        self.records.append(json.loads(line))

    def reports(self):
        """All dfu.status requests with `stop`, in order."""
        return [one["req"] for one in list(self.records) if one.get("req", {}).get("stop")]
