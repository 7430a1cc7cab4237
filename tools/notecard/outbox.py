"""What both front ends share: the line that comes in, and the pieces that wait to go out."""

_LINE_LIMIT = 16384  # a request may have 8 KB (dev.blues.io notecard-interfaces); more is not kept


class Outbox:
    """Assembles the host's bytes into lines for the engine, and queues what it answers.

    Every queued piece is a stage of its own: a host sees the next one only when it has taken the last.
    """

    def __init__(self, engine):
        self.engine = engine
        self._line = bytearray()
        self._pieces = []  # [ready_ms, bytes, the piece of an image that begins in them or None], in order
        self._at = 0  # how much of the first piece is taken

    def put(self, data):
        """Bytes from the host."""
        *lines, rest = bytes(data).split(b"\n")
        for end in lines:
            self._keep(end)
            line, self._line = bytes(self._line), bytearray()
            self._answer(line)
        self._keep(rest)

    def _keep(self, data):
        self._line += data.replace(b"\r", b"")[: _LINE_LIMIT - len(self._line)]

    def _answer(self, line):
        now = self.engine.now()
        for delay_ms, data in self.engine.line(line):
            if data:
                self._pieces.append([now + delay_ms, data, None])
        image = self.engine.counters.prepared()
        if image and self._pieces:
            self._pieces[-1][2] = image

    def disown(self):
        """The host has lost its power: what waits is read past, and answers nothing any more."""
        for piece in self._pieces:
            piece[2] = None

    def ready_ms(self):
        """When the next piece can go out; None if there is none."""
        return self._pieces[0][0] if self._pieces else None

    def available(self):
        """How many bytes of the next piece could be taken now."""
        if not self._pieces or self.engine.now() < self._pieces[0][0]:
            return 0
        return len(self._pieces[0][1]) - self._at

    def take(self, n):
        """At most n bytes of the next piece."""
        if n <= 0 or self.available() == 0:
            return b""
        _, piece, image = self._pieces[0]
        if image and self._at == 0:
            self.engine.counters.taken(image)
        data = piece[self._at : self._at + n]
        self._at += len(data)
        if self._at == len(piece):
            self._pieces.pop(0)
            self._at = 0
        return data

    def forget(self):
        """Lose all that waits, and the line that has begun."""
        self._line = bytearray()
        self._pieces = []
        self._at = 0
