"""card.binary: one buffer that dfu.get fills and card.binary.get reads."""

from collections import OrderedDict

from tools.notecard.cobs_encode import cobs_encode, encoded_limit
from tools.notecard.offer import md5_hex
from tools.notecard.refusal import Refusal

_MAX = 130554  # free space on target r5


class BinaryReply(OrderedDict):
    """A reply that a frame of raw bytes follows."""

    frame = b""


class BinaryStore:
    """Holds `data`; empty at first. `uncleared` counts the dfu.get that found it full."""

    def __init__(self):
        self.data = b""
        self.uncleared = 0
        self.verbs = {"card.binary": self.status, "card.binary.get": self.get}

    def fill(self, data):
        """Replace what is there, as dfu.get binary does; returns the encoded length."""
        if self.data:
            self.uncleared += 1
        self.data = data
        return len(cobs_encode(data))

    def status(self, request):
        if request.get("delete"):
            self.data = b""
        reply = OrderedDict((("max", _MAX),))
        if self.data:
            reply["length"] = len(self.data)
            reply["cobs"] = encoded_limit(len(self.data))
            reply["status"] = md5_hex(self.data)
        return reply

    def get(self, request):
        offset = max(0, request.get("offset", 0))
        length = request.get("length", -1)
        if length < 0:
            length = len(self.data) - offset
        if not self.data:
            raise Refusal("no binary data available {bad-bin}")
        if offset + length > len(self.data) or length <= 0:
            raise Refusal("requested data is not in the binary buffer {bad-bin}")
        data = self.data[offset : offset + length]
        reply = BinaryReply()
        reply["status"] = md5_hex(data)
        reply.frame = bytes(cobs_encode(data)) + b"\n"
        return reply
