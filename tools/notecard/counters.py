"""What the simulated Notecard counts."""


class Counters:
    """Requests by name, bytes on the wire, image bytes given out."""

    def __init__(self):
        self.requests = {}  # name -> how often it was executed
        self.replays = 0  # answers given again to a repeated crc
        self.garbled = 0  # lines that were not JSON, or failed their crc
        self.wire_in = 0  # bytes from the host, as the link carries them (I2C headers included)
        self.wire_out = 0
        self.image_bytes = 0
        self._given = {}  # (image name, offset, length) -> times
        self._fetched = {}  # the same, of replies that the host has begun to take
        self._prepared = None

    def request(self, name):
        self.requests[name] = self.requests.get(name, 0) + 1

    def image(self, name, offset, length):
        """`length` bytes of the image from `offset` were put into a reply."""
        self.image_bytes += length
        key = (name, offset, length)
        self._given[key] = self._given.get(key, 0) + 1
        self._prepared = key

    def prepared(self):
        """The piece of the image that is in the reply just made, for taken(), or None."""
        key, self._prepared = self._prepared, None
        return key

    def taken(self, piece):
        """The host has begun to take the reply with this piece: from prepared()."""
        self._fetched[piece] = self._fetched.get(piece, 0) + 1

    def fetched(self, start, end, name=None):
        """As given(), of what went over the wire: a reply that nobody took does not count."""
        return _total(self._fetched, start, end, name)

    def given(self, start, end, name=None):
        """How many image bytes between the offsets were given out, repeats counted; of all images, or one."""
        return _total(self._given, start, end, name)


def _total(pieces, start, end, name):
    total = 0
    for image, offset, length in pieces:
        overlap = min(end, offset + length) - max(start, offset)
        if overlap > 0 and name in (None, image):
            total += overlap * pieces[(image, offset, length)]
    return total
