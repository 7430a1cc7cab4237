"""dfu.get: pieces of the image into the page buffer, as base64 in the reply or as a binary frame behind it.

dev.blues.io, dfu-requests: at most 8192 bytes a request; `binary` from Notecard firmware 9.1.1 on, older
firmware ignores it and answers with `payload`. The binary form parks the bytes in the Notecard's binary
store, from where card.binary.get fetches them as COBS. `status` is the md5 of the piece (Blues' own samples
check it in both forms).
"""

from binascii import hexlify

from notedfu.b64 import Base64Decoder
from notedfu.cobs import CobsDecoder
from notedfu.const import const
from notedfu.errors import LinkError, RequestError
from notedfu.notecard import TIMEOUT_MS, checked

try:
    from hashlib import md5
except ImportError:  # CircuitPython and small ports: the crcs and the image's own SHA-256 are the check then
    md5 = None

# how to ask; auto is binary where the page is large enough to pay for it
FORMS = ("auto", "base64", "binary")
LEAST = 256  # bytes; flash is programmed in multiples of it
# below this the second transaction costs more than the fourth of the bytes that it saves
_AUTO_PAGE = const(4096)
_BINARY_FAULTS = const(3)  # in a row, then auto asks for base64
_FAULTS = const(2)  # in a row, then the next smaller size
_GOODS = const(16)  # in a row, then the next larger one

_GET = '{"req":"dfu.get",%s"length":%d,"offset":'
_BINARY = '"binary":true,'
_END = const(125)  # }
_FETCH = b'{"req":"card.binary.get","offset":0,"length":'
_ROOM = const(112)  # bytes of the longest of these requests with its numbers and crc


class ChunkSizer:
    """How much to ask for at once: less after faults in a row, down to 256 bytes, more again when all is
    well."""

    def __init__(self, largest):
        self.size = largest
        self._largest = largest
        self._run = 0  # good replies in a row, or minus the bad ones

    def fits(self, offset, rest):
        """How much to ask for at `offset` where `rest` bytes are wanted: up to the next multiple of the
        size, so that chunks stay aligned whatever happened."""
        return min(rest, self.size - offset % self.size)

    def good(self):
        """A reply came through."""
        self._run = max(self._run, 0) + 1
        if self._run >= _GOODS and self.size < self._largest:
            self.size = min(2 * self.size, self._largest)
            self._run = 0

    def bad(self):
        """A reply did not."""
        self._run = min(self._run, 0) - 1
        if self._run <= -_FAULTS:
            self.size = max(self.size // 2, min(LEAST, self._largest))
            self._run = 0


class Chunks:
    """Fetches pieces of the image into `page`.

    page: a bytearray of 256 to 8192 bytes. form: one of FORMS.
    digest: hashlib.md5, or None to do without. Without it nothing is allocated where there is viper: members
        are not looked at, and the request's text is written in place.
    stored: whether bytes of ours may lie in the Notecard's binary store.
    """

    def __init__(self, notecard, page, form="auto", digest=md5):
        self.page = page
        self._notecard = notecard
        self._digest = digest
        self._digest_seen = False  # this Notecard's firmware sends an md5 with each chunk
        self._view = memoryview(page)
        self._sizer = ChunkSizer(len(page))
        self._base64 = Base64Decoder(page)
        self._cobs = CobsDecoder(page)
        self._get = bytearray(_ROOM)
        self._get_at = 0  # where the offset goes; what is before it stays from one piece to the next
        self._get_form = None
        self._fetch = bytearray(_ROOM)
        self._fetch[: len(_FETCH)] = _FETCH
        self._auto = form == "auto"
        self._binary = form == "binary" or (self._auto and len(page) >= _AUTO_PAGE)
        self._binary_faults = 0
        self._asked_binary = False
        self.stored = False
        self._length = 0

    def begin(self, offset, rest):
        """Ask for what lies at `offset`, at most `rest` bytes; return how many were asked for.

        Raises LinkError only if the line could not be brought back after an earlier fault.
        """
        length = self._sizer.fits(offset, rest)
        if self._binary:
            self.stored = self._asked_binary = True
            self._send(offset, length, _BINARY)
        else:
            self.ask(offset, length)
        return length

    def ask(self, offset, length):
        """Ask for exactly `length` bytes, 1 to len(page), as base64: for a few bytes now and then that is
        quicker, and leaves the binary store alone."""
        self._asked_binary = False
        self._send(offset, length, "")

    def doubt_store(self):
        """Bytes that were asked for before a reset may lie in the binary store."""
        self.stored = self.stored or self._binary

    def _send(self, offset, length, binary):
        get = self._get
        if length != self._length or binary is not self._get_form:
            begin = (_GET % (binary, length)).encode()
            get[: len(begin)] = begin
            self._get_at = len(begin)
            self._get_form = binary
            self._length = length
        self._base64.limit = length  # to which receive() begins it again at each attempt
        at = _put_number(get, self._get_at, offset)
        get[at] = _END
        self._notecard.send(get, at + 1)

    def finish(self):
        """Take what was asked for into page[:count]; return the count, which is all of it.

        Raises RequestError card-err (the Notecard's text); LinkError as Notecard.receive, and bad-base64,
        bad-cobs, long-chunk, short-chunk, bad-chunk-md5, bad-binary. After a LinkError ask again.
        """
        try:
            count = self._take()
        except (LinkError, RequestError) as error:
            if self._asked_binary:
                self._doubt_binary()
            if isinstance(error, LinkError):
                self._sizer.bad()
            raise
        self._sizer.good()
        return count

    def clear_store(self):
        """Leave the Notecard's binary store empty, if it was used. LinkError as Notecard.receive."""
        if self.stored:
            self._notecard.request({"req": "card.binary", "delete": True})  # an err: it has no store
            self.stored = False

    def _take(self):
        reply = self._notecard.receive(self._base64, TIMEOUT_MS)
        if reply.failed:
            checked(reply.members)
        if reply.has_payload:
            count = self._base64.finish()
            if self._asked_binary:  # which this firmware does not know, so its store has nothing of ours
                self.stored = False
                self._binary = not self._auto
            self._check_length(count)
            if self._digest and reply.holds(self._md5()):  # so no JSON is parsed where all is well
                self._digest_seen = True
            elif self._digest:
                self._check_md5(reply.members.get("status"))
            return count
        if "cobs" in reply.members:
            expected = reply.members.get("status")
            count = self._take_binary(reply.members.get("length"))
            self._check_length(count)
            if self._digest:  # the reply is card.binary.get's by now, which says the same
                self._check_md5(expected or reply.members.get("status"))
            self._binary_faults = 0
            return count
        raise LinkError("short-chunk", "the reply has neither payload nor cobs")

    def _take_binary(self, stored):
        try:
            if stored is not None:
                self._check_stored(stored)
            return self._fetch_frame()
        except (LinkError, RequestError):
            self._notecard.distrust()
            raise

    def _doubt_binary(self):
        """The binary form has failed, or was refused, once more."""
        self._binary_faults += 1
        if self._auto and self._binary_faults >= _BINARY_FAULTS:
            self._binary = False

    def _fetch_frame(self):
        at = _put_number(self._fetch, len(_FETCH), self._length)
        self._fetch[at] = _END
        self._cobs.begin(self._length)
        reply = self._notecard.fetch(self._fetch, at + 1, self._cobs, TIMEOUT_MS)
        if reply.failed:
            if "{bad-bin}" in str(reply.members["err"]):
                raise LinkError("bad-binary", str(reply.members["err"]))
            checked(reply.members)
        return self._cobs.finish()

    def _check_stored(self, length):
        if not isinstance(length, int) or isinstance(length, bool):
            raise LinkError("bad-binary", "the length of what is stored is no number")
        self._check_length(length)

    def _check_length(self, count):
        if count != self._length:
            code = "short-chunk" if count < self._length else "long-chunk"
            raise LinkError(code, "%d bytes came, %d were asked for" % (count, self._length))

    def _check_md5(self, expected):
        if not isinstance(expected, str) or len(expected) != 32:
            if self._digest_seen and not self._notecard.has_crc:  # nothing else guards this reply
                raise LinkError("bad-chunk-md5", "the md5 is missing")
            return
        self._digest_seen = True
        found = self._md5().decode()
        if found != expected.lower():
            raise LinkError("bad-chunk-md5", "%d bytes have md5 %s, not %s" % (self._length, found, expected))

    def _md5(self):
        whole = self._length == len(self.page)
        return hexlify(self._digest(self.page if whole else self._view[: self._length]).digest())


def _put_number(buf, at, value):
    """Write `value`, not negative, in decimal digits into buf from `at`; return where it ends."""
    end = at + 1
    rest = value // 10
    while rest:
        rest //= 10
        end += 1
    for i in range(end - 1, at - 1, -1):
        buf[i] = 48 + value % 10
        value //= 10
    return end
