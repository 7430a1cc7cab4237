"""The board's flash chip: the strict model over a file, with a log of operations and a cut to order."""

import struct

from tools.flash.cut import Cut
from tools.flash.nor import NorFlash
from tools.flash.store import FileStore

_ERASE_US = 45000  # of 4096 bytes, typical of serial NOR (W25Q16JV data sheet)
_PROGRAM_US = 400  # of 256 bytes


class BoardNor(NorFlash):
    """A NorFlash whose violations and power cuts end the board from outside.

    Each operation is a record of 8 bytes in the log file: b"E" and a block, or b"P" and a count of bytes.
    `operations` numbers them over the whole log. The plan file holds "OPERATION HOW SEED" of the next cut, or
    blanks; it is looked at before each operation, so a cut can be ordered while the board runs.
    """

    def __init__(self, config, control):
        store = FileStore(open(config["flash"], "r+b"), config["size"])
        super().__init__(store, config["erase_block"], config["program_unit"], self._cut_power)
        self.operations = config["operations"]
        self.again = False
        self.on_busy = None  # told for how many microseconds an operation keeps the processor
        self._control = control
        self._log = open(config["log"], "r+b")
        self._record = bytearray(8)
        self._plan_file = open(config["plan"], "r+b")
        self._plan = bytearray(config["plan_size"])
        self._known_plan = bytes(self._plan)

    def program(self, at, data):
        if self.again and self._holds(at, data):
            return 0
        self._look_at_plan()
        result = super().program(at, data)
        self._note(b"P", len(data))
        if self.on_busy:
            self.on_busy(_PROGRAM_US * len(data) // 256)
        return result

    def erase(self, block):
        self._look_at_plan()
        result = super().erase(block)
        self._note(b"E", block)
        if self.on_busy:
            self.on_busy(_ERASE_US)
        return result

    def refuse(self, text):
        self._control.halt(b"violation " + text.encode() + b"\n")

    def _holds(self, at, data):
        there = bytearray(len(data))
        self.store.readinto(at, memoryview(there))
        return there == data

    def _cut_power(self):
        self._note(b"C", 0)
        self._control.halt(b"cut\n")

    def _note(self, letter, value):
        struct.pack_into("<BxxxI", self._record, 0, letter[0], value)
        self._log.write(self._record)

    def _look_at_plan(self):
        self._plan_file.seek(0)
        self._plan_file.readinto(self._plan)
        if self._plan != self._known_plan:
            self._known_plan = bytes(self._plan)
            words = self._known_plan.decode().split()
            self.cut = (
                Cut(max(int(words[0]), self.operations + 1), words[1], int(words[2])) if words else None
            )
