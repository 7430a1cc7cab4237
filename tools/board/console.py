"""What the board has printed."""

_RAW = b"raw REPL; CTRL-B to exit\r\n>"
_FRIENDLY = b'Type "help()" for more information.\r\n>>> '


class Console:
    """The output of all boots, with the second at which each piece came (`pieces`)."""

    def __init__(self):
        self.pieces = []
        self.is_raw = False
        self._all = bytearray()
        self._life = 0  # where the present boot's output begins
        self._powered = 0  # where the output since the power came on begins
        self._sought = 0

    @property
    def text(self):
        """All of it."""
        return self._all.decode("utf-8", "replace")

    @property
    def is_at_prompt(self):
        """Whether this boot has come to the friendly REPL."""
        return self._all.find(_FRIENDLY, self._life) >= 0

    def new_life(self):
        """A boot begins; until its REPL says otherwise, the REPL's mode is the old one's."""
        self._life = len(self._all)

    def lose_power(self):
        """Only a soft reset keeps the REPL's mode; what the last life had no time to print says nothing."""
        self.is_raw = False
        self._powered = len(self._all)

    def add(self, second, data):
        self.pieces.append((second, bytes(data)))
        before = max(self._powered, len(self._all) - len(_FRIENDLY))
        self._all += data
        raw, friendly = self._all.rfind(_RAW, before), self._all.rfind(_FRIENDLY, before)
        if raw >= 0 or friendly >= 0:
            self.is_raw = raw > friendly

    def seek_end(self):
        """Begin the next seek() behind all that is there."""
        self._sought = len(self._all)

    def seek(self, text):
        """What is between the last find and `text`, or None."""
        wanted = text.encode()
        at = self._all.find(wanted, self._sought)
        if at < 0:
            return None
        between = self._all[self._sought : at].decode("utf-8", "replace")
        self._sought = at + len(wanted)
        return between
