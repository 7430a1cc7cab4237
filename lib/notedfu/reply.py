"""One reply of the Notecard: JSON that is scanned while it passes, and never held.

The text of the top-level string "payload" goes on to the next stage. What else there is, is kept, so far as
it fits. The transaction's crc is reckoned over the raw text. Facts: note-c n_request.c, note-go notecard.go.
"""

from notedfu.const import const
from notedfu.crc32 import Crc32, get_hex
from notedfu.errors import LinkError
from notedfu.kept import Kept
from notedfu.scan import (
    COPY,
    DONE,
    FAILED,
    IS_CRC,
    ITEM,
    LAST,
    LEVEL,
    MEMBER,
    NEXT,
    SKIPPING,
    STATE,
    TOP_COMMA,
    WANTED,
    N,
    scan,
)

_QUOTE = const(34)
_SLASH = const(47)
_COLON = const(58)
_BACKSLASH = const(92)
_NEWLINE = const(10)
_OBJECT = const(123)

_SKIP = const(1024)  # bytes before the reply: blank lines, trace lines
_CRC_VALUE = const(15)  # "SSSS:CCCCCCCC" with its quotes

# The states beyond those of scan.py and kept.py.
_KERNEL = const(7)  # the last that is the kernel's
_FIRST = const(0)
_BEFORE = const(17)
_TRACE = const(18)
_PAYLOAD = const(19)
_PAYLOAD_ESCAPE = const(20)


class Reply:
    """Scans one reply.

    limit: bytes of text to keep beside the payload, up to 65000; as many are allocated here, and nothing
    in feed() but for numbers.
    crc32: the class of the sums. copy: scan.portable_copy or its viper twin.
    """

    def __init__(self, limit=1024, crc32=Crc32, copy=COPY):
        self._kept = kept = Kept(limit)
        self._words = kept.words
        self._text = kept.text
        self._copy = copy
        self._crc = crc32()  # over the text so far
        self._crc_before = crc32()  # over the text before the last top-level comma
        self._steps = (
            (kept.full, kept.odd, self._item_end, self._payload_begin, None, kept.numeral, kept.damage)
            + (kept.escape, kept.unicode)
            + (self._before, self._trace, self._payload, self._payload_escape)
        )
        self.begin(None)

    def begin(self, sink):
        """Be ready for a reply, or for the same once more.

        sink: the stage for the text of the top-level string "payload": begun again here with the limit it
            has, and given the text by take(), which says where it is no longer base64; or None, with which a
            payload is a member as any other.
        """
        self._sink = sink
        if sink:
            sink.begin(sink.limit)
        self._kept.begin()
        words = self._words
        words[STATE] = _BEFORE
        words[WANTED] = 1 if sink else 0
        self._crc_before.reset()
        self._around = b"{}"  # what the crc is over beside the text before the last comma
        self._skipped = 0
        self._members = None
        self._sequence = -1
        self.has_payload = False  # True once a payload has gone to the sink
        self.done = False  # True once the newline behind the reply has passed
        self.consumed = 0  # the index at which feed() stopped where it did not go on to its `end`

    def feed(self, buf, start, end):
        """Scan buf[start:end], up to the newline that ends the reply; returns `done`.

        Lines before it that do not begin with "{" are skipped, up to 1024 bytes (blank lines, trace text).
        Raises LinkError `bad-reply`, and what the sink raises; then only begin() helps.
        """
        words = self._words
        i = start
        if words[STATE] == _PAYLOAD:
            i = self._sink.take(buf, start, end)
            if i == end:  # as nearly always
                self._crc.update(buf, start, end)
                return False
        self._from = start
        words[TOP_COMMA] = -1
        text, copy, steps = self._text, self._copy, self._steps
        while i < end:
            state = words[STATE]
            if state <= _KERNEL:
                i = scan(words, buf, i, end, text, copy)
            elif state != DONE:
                i = steps[state - _KERNEL - 1](buf, i, end)
            else:
                break
        self.consumed = i
        state = words[STATE]
        self.done = state == DONE
        if i > start and (state < _BEFORE or state > _TRACE):
            self._sum(buf, i)
        return self.done

    def finish(self):
        """The end of the reply. Raises LinkError `bad-reply` if it is not whole, or no UTF-8."""
        if not self.done:
            raise LinkError("bad-reply", "the line ended inside the reply")
        if self._kept.wide:
            self.members  # noqa: B018 - now is the time to learn that it is no UTF-8

    @property
    def failed(self):
        """True once the reply has a member `err`."""
        return self._words[FAILED] > 0

    @property
    def members(self):
        """All members as a dict, without `crc` and a payload that went to the sink. Allocates, once."""
        if self._members is None:
            try:
                self._members = self._kept.parse()
            except ValueError:
                raise LinkError("bad-reply", "a string is no UTF-8") from None
            if self.failed and "err" not in self._members:
                self._members["err"] = "an error that is too long to be kept"
        return self._members

    @property
    def truncated(self):
        """True if members had to be dropped."""
        return self._kept.truncated

    def holds(self, literal):
        """True if the bytes `literal` are somewhere in the text of the members. Allocates nothing."""
        return self._kept.holds(literal)

    def crc_error(self, sequence, demanded):
        """True if the crc is not that of the reply to the request with the number `sequence`.

        Without one, that is an error if it is `demanded`, but never on a reply with `err`.
        """
        if self._sequence < 0:
            return demanded and not self.failed
        return self._sequence != sequence or not self._crc_before.matches_hex(
            self._text, self._words[ITEM] + 6
        )

    # before and after the reply

    def _before(self, buf, i, end):
        c = buf[i]
        if c == _OBJECT:
            self._crc.reset()
            self._words[STATE] = _FIRST
            self._from = i
            return i + 1
        if c != _NEWLINE and c not in b" \t\r":
            self._words[STATE] = _TRACE
        return self._skip(i)

    def _trace(self, buf, i, end):
        if buf[i] == _NEWLINE:
            self._words[STATE] = _BEFORE
        return self._skip(i)

    def _skip(self, i):
        self._skipped += 1
        if self._skipped > _SKIP:
            raise LinkError("bad-reply", "no reply in %d bytes" % _SKIP)
        return i + 1

    # the crc

    def _sum(self, buf, end):
        """The text before the last comma is what the crc is over, if a crc member comes next."""
        start = self._from
        comma = self._words[TOP_COMMA]
        if comma >= 0:
            self._crc.update(buf, start, comma)
            self._crc_before.assign(self._crc)
            self._around = b"}"
            start = comma
        if self.done:
            self._crc_before.update(self._around, 0, len(self._around))
        else:
            self._crc.update(buf, start, end)

    def _take_crc(self):
        """Read "SSSS:CCCCCCCC", and let it lie where it is, forgotten: only the end may follow."""
        words, text = self._words, self._text
        at = words[ITEM]
        if not words[SKIPPING] and words[N] - at == _CRC_VALUE and text[at + 5] == _COLON:
            self._sequence = get_hex(text, at + 1)
        if self._sequence < 0:
            raise LinkError("bad-reply", "a crc that is none")
        self._kept.undo()
        words[STATE] = LAST

    # members

    def _item_end(self, buf, i, end):
        words = self._words
        words[STATE] = NEXT
        if words[LEVEL] == 1 and words[MEMBER] == IS_CRC:
            self._take_crc()
        else:
            self._kept.end_item()
        return i

    # the payload

    def _payload_begin(self, buf, i, end):
        if self.has_payload:
            raise LinkError("bad-reply", "two payloads")
        self.has_payload = True
        self._kept.undo()
        self._words[STATE] = _PAYLOAD
        return self._payload(buf, i, end)

    def _payload(self, buf, i, end):
        i = self._sink.take(buf, i, end)
        if i == end:
            return i
        c = buf[i]
        if c != _QUOTE and c != _BACKSLASH:
            raise LinkError("bad-base64", "unexpected byte 0x%02x in the payload" % c)
        self._words[STATE] = NEXT if c == _QUOTE else _PAYLOAD_ESCAPE
        return i + 1

    def _payload_escape(self, buf, i, end):
        if buf[i] != _SLASH:
            self._kept.damage(buf, i, end)
        self._words[STATE] = _PAYLOAD
        return i
