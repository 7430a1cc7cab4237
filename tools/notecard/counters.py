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

    def request(self, name):
        self.requests[name] = self.requests.get(name, 0) + 1

    def image(self, name, offset, length):
        """`length` bytes of the image from `offset` were put into a reply."""
        self.image_bytes += length
        key = (name, offset, length)
        self._given[key] = self._given.get(key, 0) + 1

    def given(self, start, end, name=None):
        """How many image bytes between the offsets were given out, repeats counted; of all images, or one."""
        total = 0
        for image, offset, length in self._given:
            overlap = min(end, offset + length) - max(start, offset)
            if overlap > 0 and name in (None, image):
                total += overlap * self._given[(image, offset, length)]
        return total
