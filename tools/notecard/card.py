"""card.* and echo: what little a host that updates itself asks of them."""

from collections import OrderedDict


class Card:
    """Answers with the identity of the preset. `epoch_s` is the time at which the simulator started."""

    def __init__(self, now, preset, epoch_s):
        self._now = now
        self._preset = preset
        self._epoch_s = epoch_s
        self.verbs = {"card.version": self.version, "card.time": self.time, "echo": self.echo}

    def version(self, request):
        major, minor, patch = self._preset.release
        body = OrderedDict()
        body["org"] = "Blues Wireless"
        body["product"] = "Notecard"
        body["version"] = "notecard-%d.%d.%d" % self._preset.release
        body["ver_major"] = major
        body["ver_minor"] = minor
        body["ver_patch"] = patch
        body["ver_build"] = self._preset.build
        body["target"] = self._preset.target
        reply = OrderedDict()
        reply["version"] = self._preset.version()
        reply["device"] = "dev:000000000000000"
        reply["name"] = "Simulated Notecard"
        reply["sku"] = "NOTE-SIM"
        reply["body"] = body
        return reply

    def time(self, request):
        return OrderedDict((("time", self._epoch_s + self._now() // 1000), ("zone", "UTC,Unknown")))

    def echo(self, request):
        reply = OrderedDict()
        for member in request:
            if member not in ("req", "cmd", "id", "crc"):
                reply[member] = request[member]
        return reply
