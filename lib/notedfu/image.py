"""An image as a stream: container.py has its layout."""

from notedfu.container import HEADER_SIZE, TAIL_LIMIT, Contents, parse_header, tail_size
from notedfu.errors import ImageError


class Nowhere:
    """A sink for who needs no payload, only the verdict."""

    def feed(self, buf, start, end):
        """Take buf[start:end], and forget it."""


class Image:
    """A container as a stream stage; the payload goes on to sink.feed, uncopied.

    sha256: the constructor of the running SHA-256 (update, digest). feed() allocates room for the TLVs once
    it has the header, a view of buf where the digest begins or ends inside it, and nothing else.
    """

    def __init__(self, sink, sha256):
        self._sink = sink
        self._sha256 = sha256
        self.head = bytearray(HEADER_SIZE)  # as it was fed

    def begin(self, length):
        """Be ready for an image of `length` bytes, 0 if that is not known."""
        self._length = length
        self._sha = self._sha256()
        self.position = 0  # bytes taken so far
        self.header = None
        self.tlvs = None
        self.digest = None  # the SHA-256 of what was fed, after finish()

    def feed(self, buf, start, end):
        """Take buf[start:end]; ImageError as soon as it can't be an image any more."""
        first = self.position
        self.position += end - start
        shift = start - first  # where the image's byte 0 would lie in buf
        if first < HEADER_SIZE:
            stop = min(self.position, HEADER_SIZE)
            self.head[first:stop] = memoryview(buf)[start : stop + shift]
            if stop < HEADER_SIZE:
                self._hash(buf, start, end)
                return
            self.header = parse_header(self.head)
            size = tail_size(self.header, self._length) if self._length else TAIL_LIMIT
            self._tail = bytearray(size)
        header = self.header
        if first < header.covered:
            self._hash(buf, start, min(end, header.covered + shift))
        if first < header.tail and self.position > header.size:
            self._sink.feed(buf, max(start, header.size + shift), min(end, header.tail + shift))
        if self.position > header.tail:
            self._keep_tail(buf, max(start, header.tail + shift), end)

    def finish(self):
        """Judge the container's end and its digest.

        ImageError `short-image`, `bad-digest`, and all that parse_tail() raises. Afterwards header, tlvs and
        digest are there.
        """
        if self.header is None or self.position <= self.header.covered or self.position < self._length:
            raise ImageError("short-image", "the image ends after %d bytes" % self.position)
        from notedfu.tlvs import parse_tail

        tlvs = parse_tail(self._tail, self.position - self.header.tail, self.header)
        self.digest = self._sha.digest()
        if self.digest != tlvs.digest:
            raise ImageError("bad-digest", "the image's SHA-256 is not the one it was made with")
        self.tlvs = tlvs

    def arrived(self):
        """What is known after finish(), without the buffers: Contents."""
        return Contents(self.header, self.tlvs, self.position, self.digest)

    @property
    def protected(self):
        """The protected TLV area as it was fed, after finish(); empty if there is none. Allocates."""
        return bytes(self._tail[: self.header.protected_size])

    def _hash(self, buf, start, end):
        if start == 0 and end == len(buf):
            self._sha.update(buf)
        elif start < end:
            self._sha.update(memoryview(buf)[start:end])

    def _keep_tail(self, buf, start, end):
        have = self.position - self.header.tail
        if have > len(self._tail):
            end_at = self.header.tail + len(self._tail)
            raise ImageError("bad-length", "the image goes on after %d bytes" % end_at)
        self._tail[have - (end - start) : have] = memoryview(buf)[start:end]
