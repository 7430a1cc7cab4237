"""dfu.* and card.dfu: the image's way from Notehub to the host, as a state machine.

    idle -> downloading -> ready -> completed | error, and from these two on to the next offer.

Downloading takes `download_ms` of time in which the hub's mode is periodic or continuous and downloads are
allowed. A successor, offered while an image is ready, is treated as `supersede` says:

    wait     it waits for the stop of its predecessor (as Notehub shows a pending update)
    replace  it is downloaded and takes its predecessor's place as soon as it is there
    error    its predecessor goes to error "firmware update superceded"; it comes after the stop
"""

from binascii import b2a_base64
from collections import OrderedDict

from tools.notecard.offer import CorruptSource, md5_hex
from tools.notecard.refusal import Refusal

MAX_LENGTH = 8192  # bytes in one dfu.get; dev.blues.io dfu-requests
_SUPERSEDED = "firmware update superceded"  # the Notecard's own spelling


class Dfu:
    """The host's image. `mode` and `status` are what dfu.status shows; `stops` lists the ends that the host
    reported, `versions` the versions."""

    def __init__(self, now, preset, faults, hub, store, counters):
        self._now = now
        self._preset = preset
        self._faults = faults
        self._hub = hub
        self._store = store
        self._counters = counters
        self.mode = "idle"
        self.status = ""
        self.on = True
        self.vvalue = None
        self.outboard = None  # the MCU type that card.dfu was told, while the Notecard flashes by itself
        self.card_pending = False  # an update of the Notecard itself is under way
        self.download_ms = 2000
        self.supersede = "wait"
        self.image = None  # the Offer that is downloading or ready
        self.queue = []
        self.stops = []
        self.versions = []
        self._source = None  # image's bytes, as they are served
        self._body = None
        self._progress_ms = 0  # time that the download has had
        self._successor_ms = 0  # the same, of the one that is to replace a ready image
        self._seen_ms = now()
        self.verbs = {"dfu.status": self.dfu_status, "dfu.get": self.get, "card.dfu": self.card_dfu}

    # time

    def offer(self, offer):
        """Queue an Offer behind those that are there."""
        self.tick()
        self.queue.append(offer)
        if self.mode == "ready" and self.supersede == "error":
            self.mode, self.status = "error", _SUPERSEDED

    def tick(self):
        """Bring the state up to now. One step for each state that time has passed through."""
        now = self._now()
        passed = now - self._seen_ms
        self._seen_ms = now
        if not (self._hub.online() and self.on):
            return
        if self.mode == "downloading":
            self._progress_ms += passed
            if self._progress_ms >= self.download_ms:
                self._ready()
        elif self.queue and self._may_start():
            self._start(passed)

    def _may_start(self):
        """Whether the next of the queue may be downloaded: there is no image to spoil, or it is to be."""
        if self.image is None:
            return True
        return self.mode == "ready" and self.supersede == "replace"

    def _start(self, passed):
        """Begin with the next of the queue; the time since the last tick counts."""
        if self.mode == "ready":
            self._successor_ms += passed
            if self._successor_ms >= self.download_ms:
                self.replace()
            return
        self._take(self.queue.pop(0))
        self.mode, self.status = "downloading", "downloading"
        self._progress_ms = passed
        if passed >= self.download_ms:
            self._ready()

    def replace(self):
        """The next of the queue takes the place of the image, downloaded and ready."""
        self._take(self.queue.pop(0))
        self._ready()

    def _ready(self):
        self.mode, self.status = "ready", "successfully downloaded"

    def _take(self, offer):
        faults = self._faults
        self.image, self._successor_ms = offer, 0
        self._source, self._body = offer.source, offer.body()
        if faults.hit("image-corrupt"):
            at = faults.value("image-corrupt")
            self._source = CorruptSource(
                offer.source, faults.below("image-corrupt", offer.length) if at is None else at
            )
        if faults.hit("image-crc32"):
            self._body["crc32"] ^= 1 << faults.below("image-crc32", 32)
        if faults.hit("image-md5"):
            self._body["md5"] = md5_hex(self._body["md5"].encode())
        if faults.hit("image-length"):
            self._body["length"] = max(0, offer.length + faults.value("image-length"))

    # requests

    def dfu_status(self, request):
        if request.get("name") == "card":
            return self._card_status()
        if "version" in request:
            self.versions.append(request["version"])
        self._allow(request)
        if request.get("stop"):
            self._stop(request)
        return self._user_status()

    def _allow(self, request):
        if "vvalue" in request:
            self.vvalue = request["vvalue"]
        if request.get("on"):
            self.on = True
        if request.get("off"):
            self.on = False

    def _stop(self, request):
        image = self.image
        failed = "err" in request
        self.mode = "error" if failed else "completed"
        self.status = request["err"] if failed else request.get("status", "successful firmware update")
        self.stops.append(
            {
                "mode": self.mode,
                "text": self.status,
                "name": image.name if image else None,
                "md5": image.md5 if image else None,
            }
        )
        self.image = self._source = self._body = None
        if self._preset.stop_leaves_dfu_mode:
            self._hub.leave_dfu()

    def _user_status(self):
        reply = OrderedDict()
        if self.status:
            reply["status"] = self.status
        reply["mode"] = "outboard-ready" if self.mode == "ready" and self.outboard else self.mode
        self._switches(reply)
        if self.mode == "ready" and not self._faults.hit("body-missing"):
            reply["body"] = self._body
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
            self._supersede()
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
        if offset + length > self._source.length:
            raise Refusal(
                "can't read %d bytes at %d: the image has %d" % (length, offset, self._source.length)
            )

    def _chunk(self, offset, length):
        """The bytes, damaged as the faults say, and the md5 that goes with them."""
        faults = self._faults
        data = self._source.read(offset, length)
        self._counters.image(self.image.name, offset, len(data))
        if faults.hit("short-payload"):
            data = data[: max(0, length - faults.value("short-payload"))]
        if faults.hit("long-payload"):
            data += bytes(faults.value("long-payload"))
        if faults.hit("chunk-corrupt"):
            data = faults.flipped("chunk-corrupt", data)
        md5 = md5_hex(data)
        return data, md5_hex(md5.encode()) if faults.hit("chunk-md5-wrong") else md5

    def _supersede(self):
        if self.mode != "ready":
            return
        if self.queue:
            self.replace()
        else:
            self.mode, self.status = "error", _SUPERSEDED
