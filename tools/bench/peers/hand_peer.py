"""What a frugal user writes by hand: whole replies over this library's link, json, a2b_base64."""

import json

import note_peer
import world

from notedfu.i2c import I2CLink
from notedfu.uart import UartLink


class Line:
    """A stage that keeps the line. What comes behind it there is nothing of: the Notecard answers once."""

    def __init__(self):
        self.data = bytearray()
        self.consumed = 0

    def feed(self, buf, start, end):
        self.data += buf[start:end]
        self.consumed = end
        return buf[end - 1] == 10


class Card:
    """note-python's verb over the link; no crc, no retries."""

    def __init__(self, link):
        self._link = link
        link.resync()

    def Transaction(self, request):
        text = json.dumps(request).encode() + b"\n"
        self._link.send(text, len(text))
        line = Line()
        self._link.receive(line, 30000)
        return json.loads(line.data)


def run(arguments):
    time, wire, flash, mark = note_peer.begin(arguments)
    if arguments[5] == "uart":
        link = UartLink(world.Serial(wire, time, int(arguments[6])), time.clock())
    else:
        link = I2CLink(world.Bus(wire, time, 100000), time.clock())
    note_peer.fetch(Card(link), flash, int(arguments[7]), mark)
    wire.end("done")
