"""The driver at the simulated Notecard, in virtual time."""

from notedfu.dfu import Dfu
from notedfu.i2c import I2CLink
from notedfu.notecard import Notecard
from notedfu.reply import Reply
from notedfu.uart import UartLink
from tools.notecard.engine import Engine
from tools.notecard.i2c import I2CBus, I2CFrontEnd
from tools.notecard.serial import SerialFrontEnd, SerialPort
from virtual import VirtualTime

LINKS = ("i2c", "uart")


class Bench:
    """Clock, simulator, link and driver; `link` is "i2c" or "uart" (115200 baud, receive buffer of 256)."""

    def __init__(self, link="i2c", preset="8.x", page=1024, form="base64", seed=1, limit=1024):
        self.time = VirtualTime()
        self.clock = self.time.clock()
        self.engine = Engine(lambda: self.time.elapsed_ms, preset, seed)
        self.faults = self.engine.faults
        self.link = self._i2c() if link == "i2c" else self._uart()
        self.notecard = Notecard(self.link, self.clock, Reply(limit))
        self.dfu = Dfu(self.notecard, self.clock, bytearray(page), form)

    def _i2c(self):
        return I2CLink(I2CBus(I2CFrontEnd(self.engine), self.time.advance), self.clock)

    def _uart(self):
        self.port = SerialPort(SerialFrontEnd(self.engine, 115200), self.time.advance, 115200, 256)
        return UartLink(self.port, self.clock)

    def offer(self, image):
        """Let the simulator have `image` ready."""
        self.engine.offer(image, "image.img")
        self.dfu.status()
        self.time.advance(3000)
        assert self.dfu.status()["mode"] == "ready"

    def requests(self, name):
        """How many requests of this name were carried out."""
        return self.engine.counters.requests.get(name, 0)

    def sound(self):
        """No rule was broken."""
        assert self.engine.violations == []
        return True
