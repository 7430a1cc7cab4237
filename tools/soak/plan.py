"""What one update of the soak is like: everything follows from its number (common subset)."""

from check import Random
from tools.notecard.faults import FAULTS

PAGES = (256, 512, 1024, 2048, 4096)
FORMS = ("base64", "binary", "auto")
PRESETS = ("legacy", "legacy-restart", "5.x", "8.x", "9.1.1")
LEGACY = PRESETS[:2]
SEALED = ("8.x", "9.1.1")  # the presets whose replies have a crc
RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
BAUDS = (9600, 38400, 115200, 115200, 115200, 115200)
SLOW_SIZE = 1200  # bytes at most at the lower rates, where every millisecond is one of the simulator's too
BUSY = ("busy-after-log", 300000)  # long enough to be denied DFU mode more than once

# Only these change what the Notecard says it holds, or what it was given to hold: an image may be refused.
# Every other fault is one of the way, and may not cost an image that is good.
OF_THE_IMAGE = (
    "image-corrupt", "image-crc32", "image-md5", "image-length", "superseded", "chunk-corrupt",
)  # fmt: skip


class Plan:
    """Update number `seed`: link, preset, settings, image sizes, faults, power cuts.

    faults: a list of (name, rate, at, value), value None for the fault's own. The first is FAULTS[seed] of a
    round through all of them, and the rest is chosen so that it can strike.
    """

    def __init__(self, seed):
        self.seed = seed
        self.random = random = Random(seed * 2654435761 + 12345)
        for _ in range(4):
            random.next()  # the first numbers of near seeds are alike
        first = FAULTS[seed % len(FAULTS)]
        self.link = "i2c" if first[1] == "i2c" else self.one_of(("i2c", "uart"))
        self.preset = self.one_of(PRESETS)
        if first[0].startswith("crc-"):
            self.preset = self.one_of(SEALED)
        elif first[0] in ("busy-after-log", "mode-expires"):
            self.preset = self.one_of(LEGACY)
        self.staging = self.one_of(("file", "flash"))
        self.page = self.one_of(PAGES)
        self.form = self.one_of(FORMS)
        self.mtu = self.one_of((30, 127, 253))
        self.baud = self.one_of(BAUDS)
        self.size = random.below(self.page * 6) + 300
        if self.link == "uart" and self.baud < 115200:
            self.size = min(self.size, SLOW_SIZE)
        self.latency_ms = self.one_of((0, 20, 150))
        self.faults = [self._fault(first)]
        for _ in range(random.below(4)):
            self.faults.append(self._fault(self.one_of(FAULTS)))
        names = self.names = [fault[0] for fault in self.faults]
        self.successor = "superseded" in names and random.below(2) == 0 or random.below(12) == 0
        self.supersede = self.one_of(("wait", "replace", "error"))
        self.same_length = random.below(2) == 0
        self.logs = "busy-after-log" in names
        self.cuts = [2 + random.below(120) for _ in range(random.below(3))] if random.below(4) == 0 else []

    def one_of(self, choices):
        return choices[self.random.below(len(choices))]

    def _fault(self, fault):
        name, place, value, _ = fault
        random = self.random
        rate, at = 0.0, ()
        if random.below(3):
            rate = self.one_of(RATES)
            if place == "offer" or random.below(40) == 0:
                rate = 1.0
            elif place == "i2c":  # which has an opportunity at every transfer, not at every request
                rate /= 10
        else:
            at = tuple(sorted([1 + random.below(40) for _ in range(1 + random.below(4))]))
        if name == BUSY[0]:
            value = BUSY[1]
        elif isinstance(value, int) and 0 < value < 10:
            value = 1 + random.below(2 * value)
        elif name == "image-length":
            value = self.one_of((-512, -1, 1, 4096))
        else:
            value = None
        return name, rate, at, value

    @property
    def may_be_refused(self):
        """Whether the image may end refused: its bytes or sums are damaged, or, where no crc guards requests,
        the number in a request for a piece of it is, and the piece is another one."""
        unguarded = self.preset not in SEALED
        for name in self.names:
            if name in OF_THE_IMAGE or (unguarded and name.startswith("request-")):
                return True
        return False

    def told(self):
        """The plan as a record for people."""
        return {
            "seed": self.seed, "preset": self.preset, "link": self.link, "form": self.form, "page": self.page,
            "staging": self.staging, "size": self.size, "cuts_s": self.cuts, "successor": self.successor,
            "supersede": self.supersede, "faults": [list(fault) for fault in self.faults],
        }  # fmt: skip
