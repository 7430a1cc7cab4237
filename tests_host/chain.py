"""A dfu.get reply as it comes over I2C, and the stages it runs through, for the heap tests and the fuzzer."""

from binascii import b2a_base64

from check import Random
from notedfu.b64 import Base64Decoder
from notedfu.crc32 import Crc32
from notedfu.reply import Reply


def seal(text, sequence):
    """A reply with the crc member that the Notecard adds, and its line end."""
    total = Crc32()
    total.update(text, 0, len(text))
    comma = b" " if text == b"{}" else b","
    return text[:-1] + comma + b'"crc":"%04X:%08X"}\r\n' % (sequence, total.value())


def dfu_get_reply(data, sequence):
    """What the Notecard answers to a dfu.get for `data`."""
    payload = bytes(b2a_base64(data)).strip()
    return seal(b'{"payload":"' + payload + b'","status":"%s"}' % (b"0123456789abcdef" * 2), sequence)


def transfers(line, size):
    """The line as I2CLink feeds it: (buf, start, end), a view of `size` data bytes or, where there are fewer,
    a buffer with a header of two before them."""
    parts = []
    for i in range(0, len(line), size):
        part = bytearray(b"\xfd\xfd" + line[i : i + size])
        full = len(part) == size + 2
        parts.append((memoryview(part)[2:], 0, size) if full else (part, 2, len(part)))
    return parts


class Chain:
    """Bus bytes to checked page: scanner, base64, both sums."""

    def __init__(self, size, crc32, kernel):
        self.data = Random(size).bytes(size)
        self.page = bytearray(size)
        self._parts = transfers(dfu_get_reply(self.data, 0xABCD), 8 * 252)
        self._decoder = Base64Decoder(self.page, kernel)
        self._reply = Reply(1024, crc32)
        self._image = crc32()

    def run(self):
        """One page; True if it came through."""
        reply = self._reply
        reply.begin(self._decoder)
        for part, start, end in self._parts:
            reply.feed(part, start, end)
        reply.finish()
        self._image.update(self.page, 0, len(self.page))
        return not reply.crc_error(0xABCD, True) and self._decoder.finish() == len(self.page)
