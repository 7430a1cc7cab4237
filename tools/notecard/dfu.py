"""dfu.* and card.dfu: the requests; machine.py has the image's way behind them."""

from binascii import b2a_base64
from collections import OrderedDict

from tools.notecard.machine import Machine
from tools.notecard.offer import md5_hex
from tools.notecard.refusal import Refusal

MAX_LENGTH = 8192  # bytes in one dfu.get; dev.blues.io dfu-requests


class Dfu(Machine):
    """Answers the requests. `versions` lists the versions that the host reported."""

    def __init__(self, now, preset, faults, hub, store, counters):
        super().__init__(now, faults, hub)
        self._preset = preset
        self._store = store
        self._counters = counters
        self.vvalue = None
        self.outboard = None  # the MCU type that card.dfu was told, while the Notecard flashes by itself
        self.card_pending = False  # an update of the Notecard itself is under way
        self.versions = []
        self.verbs = {"dfu.status": self.dfu_status, "dfu.get": self.get, "card.dfu": self.card_dfu}

    def dfu_status(self, request):
        if request.get("name") == "card":
            return self._card_status()
        if "version" in request:
            self.versions.append(request["version"])
        self._allow(request)
        if request.get("stop"):
            self.end(request.get("err"), request.get("status", "successful firmware update"))
            if self._preset.stop_leaves_dfu_mode:
                self._hub.leave_dfu()
        return self._user_status()

    def _allow(self, request):
        if "vvalue" in request:
            self.vvalue = request["vvalue"]
        if request.get("on"):
            self.on = True
        if request.get("off"):
            self.on = False

    def _user_status(self):
        reply = OrderedDict()
        if self.status:
            reply["status"] = self.status
        reply["mode"] = "outboard-ready" if self.mode == "ready" and self.outboard else self.mode
        self._switches(reply)
        if self.mode == "ready" and not self._faults.hit("body-missing"):
            reply["body"] = self.body
        return reply

    def _card_status(self):
        reply = OrderedDict((("mode", "idle"),))
        self._switches(reply)
        if self.card_pending:
            reply["pending"] = True
        return reply

    def _switches(self, reply):
        reply["on"] = self.on
        if not self.on:
            reply["off"] = True

    def card_dfu(self, request):
        name = request.get("name")
        if name is not None:
            self.outboard = None if name == "-" else name
        if request.get("off"):
            self.outboard = None
        reply = OrderedDict((("mode", self.outboard or "off"),))
        reply["on" if self.outboard else "off"] = True
        return reply

    def get(self, request):
        if self._faults.hit("mode-expires"):
            self._hub.expire()
        if self._faults.hit("superseded"):
            self.superseded()
        length, offset = request.get("length", 0), request.get("offset", 0)
        self._check(length, offset)
        self._hub.served()
        if length == 0:
            return OrderedDict((("payload", ""),) if self._preset.probe_payload else ())
        data, md5 = self._chunk(offset, length)
        if request.get("binary") and self._preset.binary_get:
            reply = OrderedDict((("cobs", self._store.fill(data)), ("length", len(data))))
        else:
            reply = OrderedDict((("payload", b2a_base64(data).decode().rstrip("\n")),))
        if not self._faults.hit("chunk-md5-missing"):
            reply["status"] = md5
        return reply

    def _check(self, length, offset):
        """Refuse what can't be served. All texts but the first are guesses: they are not documented."""
        refusal = self._hub.dfu_refusal()
        if refusal:
            raise Refusal(refusal)
        if self.mode != "ready":
            raise Refusal("no firmware is available, DFU is %s {dfu-not-ready}" % self.mode)
        if length < 0 or offset < 0:
            raise Refusal("length and offset may not be negative")
        if length > MAX_LENGTH:
            raise Refusal("length %d is more than the maximum of %d" % (length, MAX_LENGTH))
        if offset + length > self.source.length:
            raise Refusal(
                "can't read %d bytes at %d: the image has %d" % (length, offset, self.source.length)
            )

    def _chunk(self, offset, length):
        """The bytes, damaged as the faults say, and the md5 that goes with them."""
        faults = self._faults
        data = self.source.read(offset, length)
        self._counters.image(self.image.name, offset, len(data))
        if faults.hit("short-payload"):
            data = data[: max(0, length - faults.value("short-payload"))]
        if faults.hit("long-payload"):
            data += bytes(faults.value("long-payload"))
        if faults.hit("chunk-corrupt"):
            data = faults.flipped("chunk-corrupt", data)
        md5 = md5_hex(data)
        return data, md5_hex(md5.encode()) if faults.hit("chunk-md5-wrong") else md5
