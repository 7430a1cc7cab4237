"""Simulated Notecards for tests: on virtual time, with an image to offer (common subset)."""

import json
from binascii import crc32

from tools.notecard.engine import Engine
from virtual import VirtualTime


def image_bytes(length, seed=7):
    """Bytes that look like an image: all values, no pattern that a wrong offset would not show."""
    return bytes((at * 31 + (at >> 8) * 17 + seed) & 0xFF for at in range(length))


class Bench:
    """An engine on virtual time, and the requests that a test makes of it without any link."""

    def __init__(self, preset="8.x", seed=1):
        self.time = VirtualTime()
        self.engine = Engine(self.elapsed_ms, preset, seed)
        self._sequence = 0

    def elapsed_ms(self):
        return self.time.elapsed_ms

    def lines(self, text):
        """What the engine answers to a line of text, as bytes objects."""
        return [data for _, data in self.engine.line(text.encode())]

    def ask(self, verb, **members):
        """The reply to a request, as a dict."""
        members["req"] = verb
        answer = self.lines(json.dumps(members))
        return json.loads(answer[-1].decode())

    def ready(self, image, **about):
        """Offer an image, let it be downloaded, and return the Offer."""
        offer = self.engine.offer(image, "app.img", **about)
        self.time.advance(self.engine.dfu.download_ms)
        self.engine.dfu.tick()
        return offer

    def stamped(self, text, sequence=None):
        """A request's text with its crc, as note-c writes it."""
        if sequence is None:
            sequence = self._sequence
            self._sequence += 1
        stamp = '"crc":"%04X:%08X"}' % (sequence, crc32(text.encode()) & 0xFFFFFFFF)
        return text[:-1] + (" " if text == "{}" else ",") + stamp
