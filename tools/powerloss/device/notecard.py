"""The simulated Notecard, which keeps its power when the board loses its own; set back between cases."""

from tools.notecard.counters import Counters
from tools.notecard.dfu import Dfu
from tools.notecard.engine import Engine
from tools.notecard.faults import Faults
from tools.notecard.hub import Hub
from tools.notecard.i2c import I2CFrontEnd
from tools.notecard.outbox import Outbox
from tools.notecard.store import BinaryStore

_PARTS = (Engine, Hub, Dfu, Faults, Counters, BinaryStore, I2CFrontEnd, Outbox)


class Notecard:
    """Engine and I2C front end over `now`. `transcript` holds what was asked, for a failing case."""

    def __init__(self, now, preset="8.x"):
        self.engine = Engine(now, preset)
        self.engine.latency_ms = 1
        self.engine.dfu.download_ms = 500
        self.front = I2CFrontEnd(self.engine)
        self._objects = []
        self._find(self.front)

    def _find(self, one):
        if not isinstance(one, _PARTS) or one in self._objects:
            return
        self._objects.append(one)
        for name in one.__dict__:
            self._find(getattr(one, name))

    def snapshot(self):
        """All that it remembers, for restore()."""
        return [
            [(name, _copy(getattr(one, name))) for name in one.__dict__ if not name.startswith("verbs")]
            for one in self._objects
        ]

    def restore(self, snapshot):
        """Remember what it did at `snapshot`."""
        for one, members in zip(self._objects, snapshot):
            for name, value in members:
                setattr(one, name, _copy(value))


def _copy(value):
    if type(value) is list:
        return [_copy(one) for one in value]
    if type(value) in (dict, bytearray):
        return type(value)(value)
    return value
