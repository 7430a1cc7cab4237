"""The faults of the simulated Notecard, as switches: each has a rate, and a random stream of its own.

A fault's hits depend on the seed, its name and its own opportunities alone, so that switching on a second
fault does not move those of the first.
"""

from binascii import crc32

from tools.notecard.chance import Chance

# name, where it strikes, default value, what happens (and what the value means)
FAULTS = (
    ("latency", "reply", 2000, "the reply comes later, by up to `value` ms"),
    ("nack", "i2c", 1, "the Notecard does not acknowledge a bus transaction: OSError 5"),
    ("hang", "i2c", 50, "a bus transaction hangs and ends after `value` ms in OSError 110"),
    ("absent", "any", 3000, "the Notecard is gone for `value` ms: NACK on I2C, silence on UART"),
    ("stale-header", "i2c", 3, "the next `value` reads give the answer of the read before"),
    ("bad-count", "i2c", 1, "byte 1 of a read's header is not the count that was asked for"),
    ("drop", "reply", 1, "`value` bytes of the reply are missing"),
    ("double", "reply", 1, "`value` bytes of the reply come twice"),
    ("flip", "reply", 1, "`value` bits of the reply are flipped"),
    ("cut", "reply", 0, "the reply ends in the middle, its newline is lost too"),
    ("garbage", "reply", 8, "`value` bytes of noise come before the reply"),
    ("trace", "reply", 0, "a line of trace text comes before the reply"),
    ("odd-packets", "reply", 3, "the reply comes in `value` pieces with pauses, its newline alone"),
    ("lost-reply", "reply", 0, "the request is executed and its reply is lost"),
    ("lost-request", "request", 0, "the request never arrives"),
    ("request-drop", "request", 1, "`value` bytes of the request are missing"),
    ("request-double", "request", 1, "`value` bytes of the request come twice"),
    ("request-flip", "request", 1, "`value` bits of the request are flipped"),
    ("io-error", "reply", 0, "the request is refused with an {io} error"),
    ("heartbeat", "reply", 2, "`value` {heartbeat} lines, 1 s apart, come before the reply"),
    ("crc-off", "reply", 0, "the reply has no crc"),
    ("crc-lower", "reply", 0, "the reply's crc is in lower case"),
    ("crc-missing-on-err", "reply", 0, "an err reply has no crc"),
    ("crc-wrong", "reply", 0, "the reply's crc is wrong"),
    ("crc-sequence", "reply", 0, "the reply's sequence number is the one before"),
    ("busy-after-log", "hub", 1200000, "after hub.log the session stays open for `value` ms"),
    ("mode-expires", "dfu.get", 0, "the DFU mode ends now, as after its 15 minutes"),
    ("body-missing", "dfu.status", 0, "mode is ready and body is not there"),
    ("superseded", "dfu.get", 0, "the next offer takes the image's place; without one, mode becomes error"),
    ("short-payload", "dfu.get", 1, "`value` bytes less than asked for, with their own md5"),
    ("long-payload", "dfu.get", 1, "`value` bytes more than asked for, with their own md5"),
    ("chunk-md5-wrong", "dfu.get", 0, "the status of a chunk is not its md5"),
    ("chunk-md5-missing", "dfu.get", 0, "a chunk comes without status"),
    ("chunk-corrupt", "dfu.get", 1, "`value` bits of a chunk are flipped before its md5 is made"),
    ("image-corrupt", "offer", None, "the byte at offset `value` (None: any) is served with a flipped bit"),
    ("image-crc32", "offer", 0, "body.crc32 is not that of the image"),
    ("image-md5", "offer", 0, "body.md5 is not that of the image"),
    ("image-length", "offer", -512, "body.length is off by `value`"),
)
NAMES = tuple([fault[0] for fault in FAULTS])


class _Switch:
    def __init__(self, name, value, seed):
        self.rate = 0.0
        self.at = []
        self.value = value
        self.chance = Chance(crc32(name.encode()) ^ (seed * 2654435761 & 0xFFFFFFFF))


class Faults:
    """The switches, all off. `counts` says how often each has struck, `log` lists them in the open reply."""

    def __init__(self, seed=1):
        self.seed = seed
        self.transaction = 0
        self.counts = {}
        self.log = []
        self._switches = {}
        for name, _, value, _ in FAULTS:
            self._switches[name] = _Switch(name, value, seed)

    def set(self, name, rate=0.0, at=(), value=None):
        """Switch `name` on: at each opportunity with probability `rate`, and once in or after each of the
        transactions numbered in `at` (the first request is 1; 0 means before it). KeyError for a name that
        is not in NAMES. Returns self."""
        switch = self._switches[name]
        switch.rate = rate
        switch.at = list(at)
        if value is not None:
            switch.value = value
        return self

    def clear(self):
        """Switch all off; counts stay."""
        for name in self._switches:
            self._switches[name].rate = 0.0
            self._switches[name].at = []

    def begin(self):
        """A new transaction."""
        self.transaction += 1
        self.log = []

    def hit(self, name):
        """Whether the fault strikes at this opportunity."""
        switch = self._switches[name]
        struck = switch.rate > 0 and switch.chance.happens(switch.rate)
        if switch.at and self.transaction >= switch.at[0]:
            switch.at.pop(0)
            struck = True
        if struck:
            self.counts[name] = self.counts.get(name, 0) + 1
            self.log.append(name)
        return struck

    def value(self, name):
        return self._switches[name].value

    def below(self, name, limit):
        """A number from 0 to limit - 1 from the fault's own stream."""
        return self._switches[name].chance.below(limit)

    def damage(self, data, prefix=""):
        """`data` (bytes) with the drop, double and flip faults done to it, their names after `prefix`."""
        if self.hit(prefix + "drop"):
            data = self._each(prefix + "drop", data, _dropped)
        if self.hit(prefix + "double"):
            data = self._each(prefix + "double", data, _doubled)
        if self.hit(prefix + "flip"):
            data = self._each(prefix + "flip", data, _flipped)
        return data

    def damaged_request(self):
        """Whether the open transaction's request is not what the host sent."""
        return any([name.startswith("request-") for name in self.log])

    def flipped(self, name, data):
        """`data` with the fault's `value` bits flipped."""
        return self._each(name, data, _flipped)

    def _each(self, name, data, change):
        for _ in range(self.value(name)):
            if data:
                data = change(data, self.below(name, len(data)), self.below(name, 8))
        return data


def _dropped(data, at, bit):
    return data[:at] + data[at + 1 :]


def _doubled(data, at, bit):
    return data[: at + 1] + data[at:]


def _flipped(data, at, bit):
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
