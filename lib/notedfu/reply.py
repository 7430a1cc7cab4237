"""One reply of the Notecard: JSON that is scanned while it passes, and never held.

The text of the top-level string "payload" goes on to the next stage. What else there is, is kept, so far as
it fits. The transaction's crc is reckoned over the raw text. Facts: note-c n_request.c, note-go notecard.go.
"""

from notedfu.const import const
from notedfu.crc32 import Crc32, hex_digit
from notedfu.errors import LinkError
from notedfu.kept import DEPTH, Kept

_QUOTE = const(34)
_COMMA = const(44)
_SLASH = const(47)
_COLON = const(58)
_BACKSLASH = const(92)
_NEWLINE = const(10)
_OBJECT = const(123)  # { and [; two more is what closes them
_ARRAY = const(91)
_SPACE = const(32)
_TAB = const(9)
_RETURN = const(13)
_SCALAR = b"+-.0123456789Eaeflnrstu"
_ESCAPES = b'"\\/bfnrtu'

_SKIP = const(1024)  # bytes before the reply: blank lines, trace lines
_NUMERAL_SIZE = const(32)  # characters
_LONGEST_KEY = const(9)  # that means anything here: "payload"
_CRC_VALUE = const(15)  # "SSSS:CCCCCCCC" with its quotes

# The states: what the next byte may be. The crc is reckoned over the text in all those above _AFTER.
_BEFORE = const(0)
_TRACE = const(1)
_AFTER = const(2)
_FIRST_KEY = const(3)
_KEY = const(4)
_BEHIND_KEY = const(5)
_FIRST_VALUE = const(6)
_VALUE = const(7)
_NEXT = const(8)
_LAST = const(9)
_TEXT = const(10)
_ESCAPE = const(11)
_UNICODE = const(12)
_NUMERAL = const(13)
_PAYLOAD = const(14)
_PAYLOAD_ESCAPE = const(15)

# What the top-level member is that passes by.
_ORDINARY = const(0)
_IS_CRC = const(1)
_IS_PAYLOAD = const(2)


class Reply:
    """Scans one reply.

    limit: bytes of text to keep beside the payload, up to 65000; as many are allocated here, and nothing
    in feed() but for numbers.
    crc32, kept: the classes of the sums and of what is kept.
    """

    def __init__(self, limit=1024, crc32=Crc32, kept=Kept):
        self._kept = kept(limit)
        self._crc = crc32()  # over the text so far
        self._crc_before = crc32()  # over the text before the last top-level comma
        self._crc_text = bytearray(8)  # the eight digits that came
        self._numeral = bytearray(_NUMERAL_SIZE)
        self._steps = (
            (self._before, self._trace, self._after)
            + (self._key, self._key, self._colon, self._value, self._value, self._next, self._close_only)
            + (self._in_text, self._escape, self._unicode, self._in_numeral)
            + (self._payload, self._payload_escape)
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
        self._state = _BEFORE
        self._skipped = 0
        self._members = None
        self._member = _ORDINARY
        self._in_key = False
        self._sequence = -1
        self._crc_right = False
        self.failed = False  # True once the reply has a member `err`
        self.has_payload = False  # True once a payload has gone to the sink
        self.done = False  # True once the newline behind the reply has passed
        self.consumed = 0  # the index in buf at which the last feed() stopped: short of `end` only when done

    def feed(self, buf, start, end):
        """Scan buf[start:end], up to the newline that ends the reply; returns `done`.

        Lines before it that do not begin with "{" are skipped, up to 1024 bytes (blank lines, trace text).
        Raises LinkError `bad-reply`, and what the sink raises; then only begin() helps.
        """
        i = start
        if self._state == _PAYLOAD:
            i = self._sink.take(buf, start, end)
            if i == end:  # as nearly always
                self._crc.update(buf, start, end)
                return False
        self._from = start
        while i < end and not self.done:
            i = self._steps[self._state](buf, i, end)
        self.consumed = i
        if self._state > _AFTER:
            self._crc.update(buf, self._from, i)
        return self.done

    def finish(self):
        """The end of the reply. Raises LinkError `bad-reply` if it is not whole, or no UTF-8."""
        if not self.done:
            raise LinkError("bad-reply", "the line ended inside the reply")
        if self._kept.wide:
            self.members  # noqa: B018 - now is the time to learn that it is no UTF-8

    @property
    def members(self):
        """All members as a dict, without `crc` and a payload that went to the sink. Allocates, once."""
        if self._members is None:
            try:
                self._members = self._kept.parse()
            except ValueError:
                raise LinkError("bad-reply", "a string is no UTF-8") from None
        return self._members

    @property
    def truncated(self):
        """True if members had to be dropped."""
        return self._kept.truncated

    def crc_error(self, sequence, demanded):
        """True if the crc is not that of the reply to the request with the number `sequence`.

        Without one, that is an error if it is `demanded`, but never on a reply with `err`.
        """
        if self._sequence < 0:
            return demanded and not self.failed
        return not (self._crc_right and self._sequence == sequence)

    # before and after the reply

    def _before(self, buf, i, end):
        c = buf[i]
        if c == _OBJECT:
            self._crc.reset()
            self._open(c)
            self._from = i
            self._mark_crc(buf, i + 1)
            return i + 1
        if c != _NEWLINE and c not in b" \t\r":
            self._state = _TRACE
        return self._skip(i)

    def _trace(self, buf, i, end):
        if buf[i] == _NEWLINE:
            self._state = _BEFORE
        return self._skip(i)

    def _skip(self, i):
        self._skipped += 1
        if self._skipped > _SKIP:
            raise LinkError("bad-reply", "no reply in %d bytes" % _SKIP)
        return i + 1

    def _after(self, buf, i, end):
        if buf[i] == _NEWLINE:
            self.done = True
            return i + 1
        return self._blank(buf, i)

    # structure

    def _blank(self, buf, i):
        c = buf[i]
        if c == _SPACE or c == _RETURN or c == _TAB:
            return i + 1
        raise self._damage(buf, i)

    def _damage(self, buf, i):
        return LinkError("bad-reply", "unexpected byte 0x%02x (state %d)" % (buf[i], self._state))

    def _key(self, buf, i, end):
        c = buf[i]
        if c == _QUOTE:
            kept = self._kept
            kept.begin_item()
            self._item_at = kept.n
            self._in_key = True
            kept.put(c)
            self._state = _TEXT
            return i + 1
        if c == _OBJECT + 2 and self._state == _FIRST_KEY:
            return self._close(buf, i)
        return self._blank(buf, i)

    def _colon(self, buf, i, end):
        if buf[i] != _COLON:
            return self._blank(buf, i)
        kept = self._kept
        kept.put(_COLON)
        if kept.depth == 1:
            self._item_at = kept.n
        self._state = _VALUE
        return i + 1

    def _value(self, buf, i, end):
        c = buf[i]
        kept = self._kept
        if c == _SPACE or c == _TAB or c == _RETURN:
            return i + 1
        if c == _ARRAY + 2 and self._state == _FIRST_VALUE:
            return self._close(buf, i)
        if kept.kinds[kept.depth] == _ARRAY:
            kept.begin_item()
        if c == _QUOTE:
            self._begin_text()
        elif c == _OBJECT or c == _ARRAY:
            if kept.depth == DEPTH:
                raise LinkError("bad-reply", "more than %d levels deep" % DEPTH)
            self._open(c)
        elif c in _SCALAR:
            self._length = 0
            self._state = _NUMERAL
            return i
        else:
            raise self._damage(buf, i)
        return i + 1

    def _open(self, c):
        self._kept.open(c)
        self._state = _FIRST_KEY if c == _OBJECT else _FIRST_VALUE

    def _next(self, buf, i, end):
        c = buf[i]
        kept = self._kept
        kind = kept.kinds[kept.depth]
        if c == kind + 2:
            return self._close(buf, i)
        if c != _COMMA:
            return self._blank(buf, i)
        if kept.depth == 1:
            self._mark_crc(buf, i)
        self._state = _KEY if kind == _OBJECT else _VALUE
        return i + 1

    def _close_only(self, buf, i, end):
        return self._close(buf, i) if buf[i] == _OBJECT + 2 else self._blank(buf, i)

    def _close(self, buf, i):
        kept = self._kept
        kept.close(buf[i])
        if kept.depth:
            self._end_value()
            return i + 1
        if self._sequence >= 0:
            self._crc_before.update(b"}", 0, 1)
            self._crc_right = self._crc_before.matches_hex(self._crc_text, 0)
        self._state = _AFTER
        return i + 1

    def _end_value(self):
        kept = self._kept
        self._state = _NEXT
        if self._member == _IS_CRC and kept.depth == 1:
            self._take_crc()
        else:
            kept.end_item()

    # the crc

    def _mark_crc(self, buf, i):
        """The text before buf[i] is what the crc is over, if a crc member comes next."""
        self._crc.update(buf, self._from, i)
        self._crc_before.assign(self._crc)
        self._from = i

    def _take_crc(self):
        """Read "SSSS:CCCCCCCC" where it lies, and forget it; nothing but the end of the reply may follow."""
        kept = self._kept
        at = self._item_at
        sequence = -1
        if not kept.skipping and kept.n - at == _CRC_VALUE and kept.text[at + 5] == _COLON:
            sequence = 0
            for i in range(at + 1, at + 5):
                digit = hex_digit(kept.text[i])
                sequence = sequence << 4 | digit if digit >= 0 <= sequence else -1
        if sequence < 0:
            raise LinkError("bad-reply", "a crc that is none")
        self._sequence = sequence
        for i in range(8):
            self._crc_text[i] = kept.text[at + 6 + i]
        kept.undo()
        self._state = _LAST

    # strings, numbers, words

    def _begin_text(self):
        kept = self._kept
        if self._member == _IS_PAYLOAD and kept.depth == 1:
            if self.has_payload:
                raise LinkError("bad-reply", "two payloads")
            self.has_payload = True
            kept.undo()
            self._state = _PAYLOAD
        else:
            kept.put(_QUOTE)
            self._state = _TEXT

    def _in_text(self, buf, i, end):
        kept = self._kept
        i = kept.put_text(buf, i, end)
        if i == end:
            return i
        c = buf[i]
        if c < 32:
            raise self._damage(buf, i)
        kept.put(c)
        if c > 127:
            kept.wide = True
        elif c == _BACKSLASH:
            self._state = _ESCAPE
        elif self._in_key:
            self._end_key()
        else:
            self._end_value()
        return i + 1

    def _end_key(self):
        kept = self._kept
        self._in_key = False
        self._state = _BEHIND_KEY
        if kept.depth > 1:
            return
        at = self._item_at
        self._member = _ORDINARY
        if kept.n - at > _LONGEST_KEY:
            return
        if kept.ends_with(b'"err"', at):
            self.failed = True
        elif kept.ends_with(b'"crc"', at):
            self._member = _IS_CRC
        elif self._sink and kept.ends_with(b'"payload"', at):
            self._member = _IS_PAYLOAD

    def _escape(self, buf, i, end):
        c = buf[i]
        if c not in _ESCAPES:
            raise self._damage(buf, i)
        self._kept.put(c)
        self._length = 4
        self._state = _UNICODE if c == 117 else _TEXT
        return i + 1

    def _unicode(self, buf, i, end):
        c = buf[i]
        if hex_digit(c) < 0:
            raise self._damage(buf, i)
        self._kept.put(c)
        self._kept.surrogates = True
        self._length -= 1
        if not self._length:
            self._state = _TEXT
        return i + 1

    def _in_numeral(self, buf, i, end):
        while i < end:
            c = buf[i]
            if c not in _SCALAR:
                self._end_numeral()
                return i
            if self._length == _NUMERAL_SIZE:
                raise self._damage(buf, i)
            self._numeral[self._length] = c
            self._length += 1
            i += 1
        return i

    def _end_numeral(self):
        kept = self._kept
        word = bytes(memoryview(self._numeral)[: self._length])
        if word not in (b"true", b"false", b"null") and not _is_number(word):
            raise LinkError("bad-reply", "%s is no JSON" % str(word, "utf-8"))
        for c in word:
            kept.put(c)
        self._end_value()

    # the payload

    def _payload(self, buf, i, end):
        i = self._sink.take(buf, i, end)
        if i == end:
            return i
        c = buf[i]
        if c != _QUOTE and c != _BACKSLASH:
            raise LinkError("bad-base64", "unexpected byte 0x%02x in the payload" % c)
        self._state = _NEXT if c == _QUOTE else _PAYLOAD_ESCAPE
        return i + 1

    def _payload_escape(self, buf, i, end):
        if buf[i] != _SLASH:
            raise self._damage(buf, i)
        self._state = _PAYLOAD
        return i


def _is_number(word):
    """True if `word`, of the characters in _SCALAR, is a JSON number."""
    i = _digits(word, 1 if word[0] == 45 else 0)
    first = 1 if word[0] == 45 else 0
    if i == first or (word[first] == 48 and i > first + 1):
        return False
    if word[i : i + 1] == b".":
        first = i + 1
        i = _digits(word, first)
        if i == first:
            return False
    if word[i : i + 1] in (b"e", b"E"):
        first = i + 2 if word[i + 1 : i + 2] in (b"+", b"-") else i + 1
        i = _digits(word, first)
        if i == first:
            return False
    return i == len(word)


def _digits(word, i):
    while i < len(word) and 48 <= word[i] <= 57:
        i += 1
    return i
