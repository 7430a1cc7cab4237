"""A client that nobody here wrote, note-python, fetches whole images from the simulated Notecard.

note-python sleeps much (0.75 s for its reset, 0.25 s for a request on UART), so every combination of link and
preset runs at the same time, each in a thread, and the tests look at what came of it.
"""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor

import notecard
import pytest
import serial
from notecard import binary_helpers

from simulated import image_bytes
from tools.notecard import presets
from tools.notecard.engine import Engine
from tools.notecard.i2c import I2CFrontEnd
from tools.notecard.server import Server, wall_clock

IMAGE = image_bytes(2500)
CHUNK = 1024
LINKS = ("i2c", "uart")
POLLS = 20


class PeripheryBus:
    """python-periphery's I2C: one transfer, its messages joined by repeated START."""

    def __init__(self, front):
        self._front = front

    def transfer(self, address, messages):
        for message in messages:
            if message.read:
                message.data = self._front.read(address, len(message.data))
            else:
                self._front.write(address, bytes(message.data))


class Peer:
    """note-python at one end of a link, a simulated Notecard at the other."""

    def __init__(self, link, preset, folder):
        self.engine = Engine(wall_clock(), preset)
        self.engine.dfu.download_ms = 0
        self.engine.hub.dfu_entry_ms = 100
        self.engine.offer(IMAGE, "app.img")
        self.server = Server(self.engine)
        if link == "uart":
            self.port = serial.Serial(self.server.open_pty(), 9600)
            lock = str(folder / ("lock-" + preset))
            self.card = notecard.OpenSerial(self.port, lock_path=lock)
        else:
            # 0 is note-python's own default: packets of up to 255 bytes
            front = I2CFrontEnd(self.engine, write_limit=255)
            self.card = notecard.OpenI2C(PeripheryBus(front), 0, 0)

    def close(self):
        if hasattr(self, "port"):
            self.port.close()
        self.server.close()

    def update(self):
        """What an application does: set up, look, enter the DFU mode if need be, fetch, report."""
        ask = self.card.Transaction
        replies = {"hub.set": ask({"req": "hub.set", "product": "com.example:app", "mode": "continuous"})}
        replies["status"] = ask({"req": "dfu.status", "version": "1.0.0"})
        replies["refused"] = self._enter()
        replies["image"] = self._image(replies["status"]["body"]["length"])
        replies["leave"] = ask({"req": "hub.set", "mode": "dfu-completed"})
        replies["stop"] = ask({"req": "dfu.status", "stop": True, "status": "installed"})
        return replies

    def _enter(self):
        """Probe, and enter the DFU mode if the Notecard asks for it; returns the errors that were seen."""
        refused = []
        for _ in range(POLLS):
            reply = self.card.Transaction({"req": "dfu.get"})
            if "err" not in reply:
                return refused
            if not refused:
                self.card.Transaction({"req": "hub.set", "mode": "dfu"})
            refused.append(reply["err"])
        raise AssertionError("the DFU mode never began")

    def _image(self, length):
        image = b""
        while len(image) < length:
            image += self._chunk(len(image), min(CHUNK, length - len(image)))
        return image

    def _chunk(self, offset, length):
        request = {"req": "dfu.get", "offset": offset, "length": length, "binary": True}
        reply = self.card.Transaction(request)
        if "payload" in reply:
            data = base64.b64decode(reply["payload"], validate=True)
        else:
            data = bytes(binary_helpers.binary_store_receive(self.card, 0, length))
            binary_helpers.binary_store_reset(self.card)
        assert hashlib.md5(data).hexdigest() == reply["status"]
        return data


def run(link, preset, folder):
    peer = Peer(link, preset, folder)
    try:
        return peer.update(), peer.engine
    finally:
        peer.close()


CASES = [(link, preset) for link in LINKS for preset in presets.NAMES]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locks")
    with ThreadPoolExecutor(len(CASES)) as pool:
        yield {case: pool.submit(run, *case, folder) for case in CASES}


@pytest.mark.parametrize("link,preset", CASES)
def test_note_python_fetches_an_image(runs, link, preset):
    replies, engine = runs[link, preset].result()
    assert replies["image"] == IMAGE
    assert replies["status"]["mode"] == "ready"
    assert replies["stop"]["mode"] == "completed"
    assert engine.violations == []
    assert engine.counters.garbled == engine.counters.replays == 0
    assert engine.counters.given(0, len(IMAGE)) == len(IMAGE)
    assert engine.hub.mode == "continuous"
    assert engine.dfu.versions == ["1.0.0"]
    assert [stop["text"] for stop in engine.dfu.stops] == ["installed"]


@pytest.mark.parametrize("link,preset", CASES)
def test_note_python_sees_the_generation(runs, link, preset):
    replies, engine = runs[link, preset].result()
    legacy = preset.startswith("legacy")
    assert bool(replies["refused"]) == legacy
    assert all("DFU" in text for text in replies["refused"])
    assert ("crc" in replies["status"]) == (preset in ("8.x", "9.1.1"))
    assert ("card.binary.get" in engine.counters.requests) == (preset == "9.1.1")
