"""The payload: a POSIX ustar archive, as a stream. It takes regular files and folders, and nothing else.

Names are taken only if every filesystem keeps them apart and inside the slot: ASCII, no part that is empty,
of dots, or ends in a dot or a space, none of the characters that FAT has no room for, no two that differ in
case alone. Layout: POSIX.1-1988 ustar. docs/SPEC.md has the rules.
"""

from notedfu.errors import ImageError
from notedfu.glance import crc32
from notedfu.room import DEPTH_LIMIT

_BLOCK = 512
_NAME_LIMIT = 255
_MEMBER_LIMIT = 512  # files and folders together; 8 bytes of RAM each
_FORBIDDEN = b'\\:*?"<>|\x7f'
_HASH = 0x3FFFFFFE  # 29 bits of a crc32: no bigint, and room for the kind in the lowest bit

_HEADER = 0  # waiting for 512 bytes of a header
_DATA = 1  # in a file
_PADDING = 2  # up to the next 512 bytes
_LAST = 3  # one block of zeros has passed
_OVER = 4  # the second one too: nothing but zeros may follow


class Untar:
    """ustar as a stream stage; files go to `writer` uncopied.

    writer: begin(), folder(path), open(path, size), feed(buf, start, end), close(). Allocates a header's 512
    bytes here, a few objects for each member, and nothing for data.
    """

    def __init__(self, writer, clock):
        self._writer = writer
        self._clock = clock
        self._header = bytearray(_BLOCK)
        self._view = memoryview(self._header)

    def begin(self, limit):
        """Be ready for an archive of at most `limit` bytes; the writer empties its slot."""
        self._left = limit
        self._state = _HEADER
        self._have = 0  # bytes of the header
        self._want = 0  # bytes of data or padding to come
        self._padding = 0
        self._folded = []  # hashes of the names without their case
        self._exact = []  # hashes of the same names as they are; the lowest bit is 1 for a folder
        self.files = 0
        self.unpacked = 0  # bytes of all files
        self._writer.begin()

    def feed(self, buf, start, end):
        """Take buf[start:end]; ImageError `bad-tar` or `bad-path` as soon as it can't be installed."""
        self._left -= end - start
        if self._left < 0:
            raise _bad("it is longer than its image says")
        while start < end:
            state = self._state
            if state == _DATA:
                count = min(self._want, end - start)
                self._writer.feed(buf, start, start + count)
                self._pass(count)
            elif state == _PADDING:
                count = min(self._want, end - start)
                self._pass(count)
            else:
                count = min(_BLOCK - self._have, end - start)
                self._collect(buf, start, count, end)
            start += count

    def finish(self):
        """The archive is over. ImageError `bad-tar` if its end is missing."""
        if self._state != _OVER or self._have:
            raise _bad("it has no end of archive (two blocks of zeros)")

    def _pass(self, count):
        self._want -= count
        if self._want:
            return
        if self._state == _DATA:
            self._writer.close()
            self._want = self._padding
        self._state = _PADDING if self._want else _HEADER

    def _collect(self, buf, start, count, end):
        self._view[self._have : self._have + count] = memoryview(buf)[start : start + count]
        self._have += count
        if self._have < _BLOCK:
            return
        self._have = 0
        self._clock.tick()
        if not any(self._header):
            self._state = _LAST if self._state == _HEADER else _OVER
        elif self._state != _HEADER:
            raise _bad("something follows the end of archive")
        else:
            self._member(self._left + end - start - count)

    def _member(self, left):
        """Take the header's member; `left` bytes may still follow it."""
        header = self._header
        if bytes(self._view[257:265]) != b"ustar\x0000":
            raise _bad("a header is not ustar (tar --format=ustar makes it)")
        if sum(header) - sum(self._view[148:156]) + 8 * 32 != _octal(self._view[148:156]):
            raise _bad("a header's checksum is wrong")
        size = _octal(self._view[124:136])
        kind = header[156]
        path = self._path(kind == 0x35)
        if kind == 0x35:  # "5": a folder
            if size:
                raise _bad("folder %s has %d bytes of data" % (path, size))
            self._enter(path + "/")
        elif kind in (0, 0x30):  # NUL or "0": a file
            self._padding = -size % _BLOCK
            if size + self._padding > left:
                raise _bad("%s has %d bytes, %d are left" % (path, size, left))
            self._enter(path)
            self._open(path, size)
        else:
            raise _bad("%s is neither file nor folder (type %r)" % (path, chr(kind)))

    def _open(self, path, size):
        self.files += 1
        self.unpacked += size
        self._writer.open(path, size)
        self._want = size
        self._state = _DATA
        if not size:
            self._pass(0)

    def _path(self, folder):
        """The member's path, judged."""
        name = _text(self._view[0:100])
        prefix = _text(self._view[345:500])
        raw = prefix + b"/" + name if prefix else name
        if folder and raw[-1:] == b"/":
            raw = raw[:-1]
        if len(raw) > _NAME_LIMIT:
            raise ImageError("bad-path", "a path has %d bytes, at most %d" % (len(raw), _NAME_LIMIT))
        for byte in raw:
            if not 32 <= byte < 127 or byte in _FORBIDDEN:
                raise ImageError("bad-path", "%r has a character that FAT can't take" % raw)
        parts = raw.split(b"/")
        for part in parts:
            if not part or part[-1:] in (b".", b" "):
                raise ImageError("bad-path", "%r has a part that is empty or ends in a dot or space" % raw)
        if len(parts) > DEPTH_LIMIT:
            raise ImageError("bad-path", "%r is more than %d folders deep" % (raw, DEPTH_LIMIT - 1))
        return raw.decode()

    def _enter(self, path):
        """Note a file, or a folder by its "/" at the end, and make the folders it lies in."""
        at = path.find("/")
        while at >= 0:
            if self._is_new(path[:at], 1):
                self._writer.folder(path[:at])
            at = path.find("/", at + 1)
        if path[-1] != "/" and not self._is_new(path, 0):
            raise ImageError("bad-path", "%s comes twice" % path)

    def _is_new(self, path, is_folder):
        """Note a name; False if it was there as the same kind.

        By hashes: of 40 different names two look alike in one archive of 600,000, which is then refused.
        """
        folded = crc32(path.lower().encode()) & _HASH
        exact = crc32(path.encode()) & _HASH | is_folder
        if folded not in self._folded:
            if len(self._folded) == _MEMBER_LIMIT:
                raise _bad("it has more than %d files and folders" % _MEMBER_LIMIT)
            self._folded.append(folded)
            self._exact.append(exact)
            return True
        if exact != self._exact[self._folded.index(folded)]:
            raise ImageError("bad-path", "%s is there as a file and a folder, or in another case" % path)
        return False


def _bad(reason):
    return ImageError("bad-tar", "the payload is no archive for this device: " + reason)


def _text(field):
    """A field's bytes up to its NUL."""
    raw = bytes(field)
    end = raw.find(b"\0")
    return raw if end < 0 else raw[:end]


def _octal(field):
    """A number in octal digits, NUL or space behind it."""
    digits = bytes(field).rstrip(b"\0 ")
    if not digits:
        raise _bad("a header's number is missing")
    value = 0
    for byte in digits:
        if not 48 <= byte < 56:
            raise _bad("a header's number is not octal")
        value = value << 3 | byte - 48
    return value
