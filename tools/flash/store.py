"""What a flash chip keeps without power: its bytes, and which of its bits are not settled."""

import io
import json

_NOISE = 0x2545F491  # what reads at random begins with
_PIECE = 4096  # bytes of a snapshot that are shared or not


class Store:
    """The part that both stores share.

    `unsettled` maps an address to a mask of bits that read at random there: a bit in a mask is 1 in the bytes
    and reads as 0 or 1, until its block is erased. Masks never cross an erase block.
    """

    def __init__(self, size):
        self.size = size
        self.unsettled = {}
        self.shaky = [size, 0]  # where the first one begins and the last one ends
        self._noise = _NOISE

    def noise(self):
        """Eight random bits, other ones at each call."""
        x = self._noise
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self._noise = x
        return (x >> 11) & 0xFF

    def unsettle(self, at, mask):
        """Make the bits of `mask` at address `at` unsettled."""
        self.unsettled[at] = bytes(mask)
        self._bound()

    def settle(self, start, end):
        """Forget the masks that begin in [start, end): the block has been erased."""
        for at in [at for at in self.unsettled if start <= at < end]:
            self.unsettled.pop(at)
        self._bound()

    def _bound(self):
        self.shaky[0], self.shaky[1] = self.size, 0
        for at, mask in self.unsettled.items():
            self.shaky[0] = min(self.shaky[0], at)
            self.shaky[1] = max(self.shaky[1], at + len(mask))


class MemoryStore(Store):
    """Flash that starts as a copy of `data`, for proofs: snapshot() and restore() are plain copies.

    A stream, not a bytearray: reading from the middle of it allocates nothing, and a file may be closed by
    the collector, while the heap is locked.
    """

    def __init__(self, data):
        super().__init__(len(data))
        self.changes = 0  # how often something was written
        self._stream = io.BytesIO(bytes(data))
        self._pieces = None  # of the last snapshot

    def quick(self):
        """(seek, readinto) of the bytes, for who reads much; unsettled bits are his affair."""
        return self._stream.seek, self._stream.readinto

    def readinto(self, at, view):
        self._stream.seek(at)
        self._stream.readinto(view)

    def write(self, at, data):
        self.changes += 1
        self._stream.seek(at)
        self._stream.write(data)

    def contents(self):
        """The bytes of the whole chip, those that are not settled as ones."""
        return self._stream.getvalue()

    def snapshot(self):
        """All that the chip holds, for restore(). It shares with the last one what has not changed since."""
        last = self._pieces
        now, piece = [], bytearray(_PIECE)
        self._stream.seek(0)
        for number in range((self.size + _PIECE - 1) // _PIECE):
            count = self._stream.readinto(piece)
            same = last and last[number] == piece
            now.append(last[number] if same else bytes(piece)[:count])
        self._pieces = now
        return now, dict(self.unsettled)

    def restore(self, snapshot):
        """Make the chip hold what it held at `snapshot`; what reads at random does so as ever after that."""
        self.changes += 1
        self._noise = _NOISE
        self._stream.seek(0)
        for piece in snapshot[0]:
            self._stream.write(piece)
        self._pieces = snapshot[0]
        self.unsettled.clear()
        self.unsettled.update(snapshot[1])
        self._bound()


class FileStore(Store):
    """Flash in a file opened 'r+b' (on CPython with buffering=0).

    Each operation is in the file when it returns. Behind the `size` bytes of flash the file holds the
    unsettled bits as JSON, or nothing.
    """

    def __init__(self, file, size):
        super().__init__(size)
        self._file = file
        file.seek(size)
        tail = file.read()
        if tail.strip(b" "):
            for at, mask in json.loads(tail):
                self.unsettled[at] = bytes(int(mask[i : i + 2], 16) for i in range(0, len(mask), 2))
            self._bound()

    def readinto(self, at, view):
        self._file.seek(at)
        if self._file.readinto(view) != len(view):
            raise ValueError("the flash file is shorter than the flash")

    def write(self, at, data):
        self._file.seek(at)
        self._file.write(data)

    def unsettle(self, at, mask):
        super().unsettle(at, mask)
        self._write_tail()

    def settle(self, start, end):
        if self.unsettled:
            super().settle(start, end)
            self._write_tail()

    def _write_tail(self):
        rows = [[at, "".join("%02x" % byte for byte in self.unsettled[at])] for at in sorted(self.unsettled)]
        text = json.dumps(rows).encode()
        self._file.seek(self.size)
        old = len(self._file.read())  # blanks over the rest: MicroPython's files have no truncate()
        self.write(self.size, text + b" " * max(0, old - len(text)))
