"""The request engine: a line in, a list of (delay in ms, bytes) out.

What every transaction needs is here (JSON, crc, replay, schema, faults, transcript); what requests do is in
hub.py, dfu.py, store.py and card.py. Sources: note-c n_request.c and note-python notecard.py for the
transaction's rules, notecard-schema for the requests.
"""

from binascii import crc32
from collections import OrderedDict

from tools.notecard import jsontext, presets, schema
from tools.notecard.card import Card
from tools.notecard.counters import Counters
from tools.notecard.dfu import Dfu
from tools.notecard.faults import Faults
from tools.notecard.hub import Hub
from tools.notecard.offer import Offer
from tools.notecard.refusal import Refusal
from tools.notecard.store import BinaryStore
from tools.notecard.transcript import NoTranscript

_EPOCH_S = 1735689600  # the simulator's time begins on 2025-01-01
_CRC = ',"crc":"'
_CRC_ALONE = ' "crc":"'  # what note-c writes into an object without members
_HEARTBEAT_MS = 1000
_TRACE = b"# modem: registered on network, signal 3/4\r\n"


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
        return self._segments(_encode(reply), b"", 0)

    def _request(self, text, request):
        crc = None
        if self.preset.crc and "crc" in request:
            crc = _checked_crc(text, request["crc"])
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
            text = self._with_crc(text, crc, "err" in reply)
        beats = self.faults.value("heartbeat") if self.faults.hit("heartbeat") else 0
        segments = self._segments(text.encode() + b"\r\n", getattr(reply, "frame", b""), beats)
        self.transcript.exchange(self.now(), request, members, self.faults.log)
        return segments

    def _with_crc(self, text, crc, is_error):
        """The reply's text with its crc as the last member, as the faults say."""
        faults = self.faults
        if faults.hit("crc-off") or (is_error and faults.hit("crc-missing-on-err")):
            return text
        value = crc32(text.encode()) & 0xFFFFFFFF
        if faults.hit("crc-wrong"):
            value ^= 1 << faults.below("crc-wrong", 32)
        sequence = int(crc.split(":")[0], 16)
        if faults.hit("crc-sequence"):
            sequence = (sequence - 1) & 0xFFFF
        stamp = "%04X:%08X" % (sequence, value)
        if faults.hit("crc-lower"):
            stamp = stamp.lower()
        return text[:-1] + (_CRC_ALONE if text == "{}" else _CRC) + stamp + '"}'

    def _segments(self, line, frame, beats):
        """The reply as the host gets it: heartbeats, the line, the frame, with the wire's faults."""
        faults = self.faults
        if faults.hit("lost-reply"):
            return []
        delay = self.latency_ms
        if faults.hit("latency"):
            delay += 1 + faults.below("latency", faults.value("latency"))
        segments = []
        for _ in range(beats):
            segments.append((delay, _encode({"err": "{heartbeat}", "status": "still at work"})))
            delay += _HEARTBEAT_MS
        if frame and faults.below("flip", 2):  # the faults may strike either part of a reply with a frame
            frame = faults.damage(frame)
        else:
            line = faults.damage(line)
        segments += self._pieces(delay, self._prefixed(line))
        if frame:
            segments.append((delay, frame))
        return segments

    def _prefixed(self, line):
        faults = self.faults
        if faults.hit("cut"):
            line = line[: 1 + faults.below("cut", len(line) - 1)]
        if faults.hit("trace"):
            line = _TRACE + line
        if faults.hit("garbage"):
            noise = [faults.below("garbage", 256) for _ in range(faults.value("garbage"))]
            line = bytes(noise) + line
        return line

    def _pieces(self, delay, line):
        """The line in one piece, or in several with pauses, the newline alone in the last."""
        faults = self.faults
        if not faults.hit("odd-packets"):
            return [(delay, line)]
        pieces = []
        body, end = line[:-1], line[-1:]
        for _ in range(faults.value("odd-packets")):
            at = 1 + faults.below("odd-packets", max(1, len(body)))
            if body:
                pieces.append((delay, body[:at]))
            body = body[at:]
            delay += 1 + faults.below("odd-packets", 40)
        if body:
            pieces.append((delay, body))
        return pieces + [(delay + 20, end)]


def _encode(reply):
    return jsontext.write(reply).encode() + b"\r\n"


def _text(raw):
    """The bytes as text for the transcript, whatever they are."""
    return "".join([chr(byte) if 32 <= byte < 127 else "." for byte in raw])


def _checked_crc(text, stamp):
    """The crc member's text if it is right for the request's text, None if not (note-c _crcAdd)."""
    ending = '"crc":"%s"}' % stamp
    text = text.rstrip()
    if not text.endswith(ending):
        return None
    start = len(text) - len(ending)
    plain = text[:start].rstrip(" ")
    if plain.endswith(","):
        plain = plain[:-1]
    sequence, _, value = stamp.partition(":")
    try:
        good = int(sequence, 16) >= 0 and int(value, 16) == crc32((plain + "}").encode()) & 0xFFFFFFFF
    except ValueError:
        return None
    return stamp if good else None
