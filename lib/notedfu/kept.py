"""What is kept of a reply: JSON of bounded size, from which whatever does not fit is left out."""

import json
from array import array
from struct import pack_into

from notedfu.const import const
from notedfu.errors import LinkError
from notedfu.scan import (
    BACK,
    DEPTH,
    INNER,
    ITEM_END,
    LENGTH,
    LEVEL,
    LIMIT,
    ROOM,
    SKIPPING,
    STACK,
    STATE,
    TEXT,
    WORDS,
    N,
)

_CRC_MEMBER = const(24)  # ,"crc":"SSSS:CCCCCCCC"
_NUMERAL_SIZE = const(32)  # characters
_OUTER = const(8)  # one byte of so many is kept for members of the outermost object
_SCALAR = b"+-.0123456789Eaeflnrstu"
_ESCAPES = b'"\\/bfnrtu'

# States beyond those of scan.py.
ESCAPE = 15
UNICODE = 16


class Kept:
    """Scans JSON, and keeps it compact in a buffer of bounded size.

    A member or element that does not fit is dropped whole, the innermost one, and `truncated` is set; so what
    is there is JSON at any time, but for the brackets still to close, for which there is always room.
    steps: what is to be done in the states FULL, ODD, NUMERAL, DAMAGE, ESCAPE, UNICODE: functions of (buf, i,
        end) that return the next index.
    """

    def __init__(self, limit):
        self.words = array("i", (0,) * WORDS)
        # Beyond `limit` there is room for a crc member, which is always read and never kept.
        self.text = bytearray(limit + _CRC_MEMBER + DEPTH)
        self.text[0] = self.words[STACK + 1] = 123
        self.words[LIMIT] = limit
        self.words[INNER] = limit - limit // _OUTER
        self.words[ROOM] = len(self.text) - 3
        self._numeral = bytearray(_NUMERAL_SIZE)
        self.begin()

    def begin(self):
        """Be ready behind the bracket that opens the outermost object."""
        pack_into(
            "8i", self.words, 0, 0, 1, 1, 0, 0, 0, 0, 0
        )  # FIRST, on the first level; its bracket is kept
        self.truncated = False
        self.wide = False  # True if there is more than ASCII
        self.surrogates = False  # True if there may be some, as escapes

    def put(self, c):
        """Keep the byte `c`."""
        words = self.words
        if words[N] > words[ROOM]:
            self._drop()
        if not words[SKIPPING]:
            self.text[words[N]] = c
            words[N] += 1

    def end_item(self):
        """A member or element is through."""
        words = self.words
        if words[SKIPPING]:
            if words[SKIPPING] == words[LEVEL]:
                words[SKIPPING] = 0
        elif words[N] + words[LEVEL] > words[LIMIT if words[LEVEL] == 1 else INNER]:
            self.truncated = True
            self.undo()

    def undo(self):
        """Forget the item under way."""
        words = self.words
        words[N] = words[STACK + words[LEVEL]] >> 8

    def holds(self, literal):
        """True if `literal` is somewhere in what is kept."""
        return self.text.find(literal, 0, self.words[N]) >= 0

    def parse(self):
        """The members as a dict. Raises ValueError if the strings are no UTF-8."""
        text = bytes(memoryview(self.text)[: self.words[N]])
        return json.loads(str(_without_surrogates(text) if self.surrogates else text, "utf-8"))

    # the states that are left to us

    def full(self, buf, i, end):
        """There is no room: the innermost item is dropped."""
        self._drop()
        self.words[STATE] = self.words[BACK]
        return i

    def odd(self, buf, i, end):
        """More than plain text in a string."""
        c = buf[i]
        if c < 32:
            return self.damage(buf, i, end)
        self.put(c)
        self.wide = self.wide or c > 127
        self.words[STATE] = TEXT if c > 127 else ESCAPE
        return i + 1

    def escape(self, buf, i, end):
        c = buf[i]
        if c not in _ESCAPES:
            return self.damage(buf, i, end)
        self.put(c)
        self.words[LENGTH] = 4
        self.words[STATE] = UNICODE if c == 117 else TEXT
        return i + 1

    def unicode(self, buf, i, end):
        c = buf[i]
        if not (48 <= c <= 57 or 97 <= c | 32 <= 102):
            return self.damage(buf, i, end)
        self.put(c)
        self.surrogates = True
        self.words[LENGTH] -= 1
        if not self.words[LENGTH]:
            self.words[STATE] = TEXT
        return i + 1

    def numeral(self, buf, i, end):
        """A number or a word, one character of it: kept once it is whole."""
        c = buf[i]
        n = self.words[LENGTH]
        if c in _SCALAR and n < _NUMERAL_SIZE:
            self._numeral[n] = c
            self.words[LENGTH] = n + 1
            return i + 1
        word = bytes(memoryview(self._numeral)[:n])
        if c in _SCALAR or n == 0 or (word not in (b"true", b"false", b"null") and not _is_number(word)):
            return self.damage(buf, i, end)
        for c in word:
            self.put(c)
        self.words[STATE] = ITEM_END
        return i

    def damage(self, buf, i, end):
        """Raises LinkError bad-reply."""
        raise LinkError("bad-reply", "unexpected byte 0x%02x (state %d)" % (buf[i], self.words[STATE]))

    def _drop(self):
        self.truncated = True
        if not self.words[SKIPPING]:
            self.undo()
            self.words[SKIPPING] = self.words[LEVEL]


def _without_surrogates(text):
    """JSON with the escapes of surrogates as the characters they stand for, lone ones as U+FFFD.

    CPython's json would join pairs by itself and MicroPython's would not.
    """
    parts = []
    begin = 0
    i = text.find(b"\\")
    while i >= 0:
        high = _escaped(text, i)
        after = i + 2
        if 0xD800 <= high < 0xE000:
            low = _escaped(text, i + 6)
            after = i + 6
            code = 0xFFFD
            if high < 0xDC00 <= low < 0xE000:
                code = 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)
                after = i + 12
            parts.append(text[begin:i])
            parts.append(bytes(chr(code), "utf-8"))
            begin = after
        i = text.find(b"\\", after)
    parts.append(text[begin:])
    return b"".join(parts)


def _escaped(text, i):
    return int(text[i + 2 : i + 6], 16) if text[i : i + 2] == b"\\u" else -1


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
