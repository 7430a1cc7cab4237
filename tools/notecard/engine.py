"""The request engine: a line in, a list of (delay in ms, bytes) out.

What every transaction needs is here (JSON, crc, replay, schema, faults, transcript); what requests do is in
hub.py, dfu.py, store.py and card.py. Sources: note-c n_request.c and note-python notecard.py for the
transaction's rules, notecard-schema for the requests.
"""

from collections import OrderedDict

from tools.notecard import jsontext, presets, schema
from tools.notecard.card import Card
from tools.notecard.counters import Counters
from tools.notecard.delivery import Delivery, encoded
from tools.notecard.dfu import Dfu
from tools.notecard.faults import Faults
from tools.notecard.hub import Hub
from tools.notecard.offer import Offer
from tools.notecard.refusal import Refusal
from tools.notecard.seal import checked_crc, sealed
from tools.notecard.store import BinaryStore
from tools.notecard.transcript import NoTranscript

_EPOCH_S = 1735689600  # the simulator's time begins on 2025-01-01


class Engine:
    """A Notecard. now(): milliseconds that never wrap. preset: a name of presets.NAMES, or a Preset.

    Attributes for tests: `hub`, `dfu`, `store`, `faults`, `counters`; `violations`, the texts of all broken
    rules; `latency_ms`, the time from a request to its reply.
    """

    def __init__(self, now, preset="8.x", seed=1, faults=None, transcript=None):
        self.now = now
        self.preset = presets.preset(preset) if isinstance(preset, str) else preset
        self.faults = faults or Faults(seed)
        self.transcript = transcript or NoTranscript()
        self.counters = Counters()
        self.violations = []
        self.latency_ms = 0
        self._delivery = Delivery(self.faults)
        self.store = BinaryStore()
        self.hub = Hub(now, self.preset, self.faults)
        self.dfu = Dfu(now, self.preset, self.faults, self.hub, self.store, self.counters)
        self._verbs = {}
        for part in (Card(now, self.preset, _EPOCH_S), self.hub, self.dfu):
            self._verbs.update(part.verbs)
        if self.preset.binary_store:
            self._verbs.update(self.store.verbs)
        self._last_crc = None  # the crc string of the last request that was executed, and its answer
        self._last_reply = None
        self._silent_until = None

    def offer(self, source, name=None, notes="", info=None, version=None):
        """Let Notehub offer an image: a path, bytes, or an object with length and read(offset, length).
        Returns the Offer. The whole source is read once."""
        offer = Offer(source, name, notes, info, version, _EPOCH_S + self.now() // 1000)
        self.dfu.offer(offer)
        return offer

    def violation(self, text):
        """Note that the host broke a rule."""
        self.violations.append(text)

    def absent(self):
        """Whether the Notecard is gone at the moment; front ends ask before they do anything."""
        now = self.now()
        if self._silent_until is None and self.faults.hit("absent"):
            self._silent_until = now + self.faults.value("absent")
        if self._silent_until is not None and now >= self._silent_until:
            self._silent_until = None
        return self._silent_until is not None

    def line(self, raw):
        """One line from the host, without its newline; returns what the host gets, [(delay_ms, bytes)...]."""
        if not raw:
            return [(0, b"\r\n")]
        faults = self.faults
        faults.begin()
        self.hub.tick()
        self.dfu.tick()
        if faults.hit("lost-request"):
            self.transcript.raw(self.now(), _text(raw), None, faults.log)
            return []
        raw = faults.damage(raw, "request-")
        try:
            text = raw.decode()
            request = jsontext.parse(text)
            if not isinstance(request, dict):
                raise ValueError("not an object")
        except ValueError as error:
            return self._garbled(raw, "can't interpret the request: %s {io}" % error)
        return self._request(text, request)

    def _garbled(self, raw, complaint):
        self.counters.garbled += 1
        reply = OrderedDict((("err", complaint),))
        self.transcript.raw(self.now(), _text(raw), reply, self.faults.log)
        return self._delivery.segments(encoded(reply), b"", 0, self.latency_ms)

    def _request(self, text, request):
        crc = None
        if self.preset.crc and "crc" in request:
            crc = checked_crc(text, request["crc"])
            if crc is None:
                return self._garbled(text.encode(), "the request's crc is wrong {io}")
        if crc is not None and crc == self._last_crc:
            self.counters.replays += 1
            reply = self._last_reply
        else:
            reply = self._executed(request)
            if crc is not None and "{io}" not in reply.get("err", ""):
                self._last_crc, self._last_reply = crc, reply
        if "cmd" in request and "req" not in request:
            self.transcript.exchange(self.now(), request, None, self.faults.log)
            return []
        return self._answer(request, reply, crc)

    def _executed(self, request):
        """The reply of the request, which is carried out here."""
        name, complaint = schema.verb_of(request)
        if complaint is None and name not in self._verbs:
            self.counters.request(name)
            return OrderedDict((("err", "unknown request: %s {not-supported}" % name),))
        if complaint is None:
            complaint = schema.complaint(name, request)
        if complaint is not None:
            if not self.faults.damaged_request():
                self.violation(complaint)
            return OrderedDict((("err", complaint + " {syntax}"),))
        if self.faults.hit("io-error"):
            return OrderedDict((("err", "the host's data was damaged {io}"),))
        self.counters.request(name)
        try:
            return self._verbs[name](request)
        except Refusal as refusal:
            return OrderedDict((("err", refusal.text),))

    def _answer(self, request, reply, crc):
        members = OrderedDict()
        for member in reply:
            members[member] = reply[member]
        if "id" in request:
            members["id"] = request["id"]
        text = jsontext.write(members)
        if crc is not None:
            text = sealed(text, crc, "err" in reply, self.faults)
        beats = self.faults.value("heartbeat") if self.faults.hit("heartbeat") else 0
        segments = self._delivery.segments(
            text.encode() + b"\r\n", getattr(reply, "frame", b""), beats, self.latency_ms
        )
        self.transcript.exchange(self.now(), request, members, self.faults.log)
        return segments


def _text(raw):
    """The bytes as text for the transcript, whatever they are."""
    return "".join([chr(byte) if 32 <= byte < 127 else "." for byte in raw])
