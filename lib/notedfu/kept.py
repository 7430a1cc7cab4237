"""What is kept of a reply: JSON of bounded size, from which whatever does not fit is left out."""

import json
from array import array

from notedfu.const import const
from notedfu.twins import twin

DEPTH = 8  # of objects and arrays, the reply itself included

_QUOTE = const(34)
_COMMA = const(44)
_BACKSLASH = const(92)
_OBJECT = const(123)  # {
_ARRAY = const(91)  # [
_VOID = const(32)
_CRC_MEMBER = const(24)  # ,"crc":"SSSS:CCCCCCCC"


def portable_copy(buf, start, end, text, at):
    """Copy plain text, ASCII without quote, backslash and control characters, of buf[start:end] to text[at:].

    Returns the index of the first byte that is not plain, or `end`. Allocates nothing.
    """
    while start < end:
        c = buf[start]
        if c < 32 or c > 127 or c == _QUOTE or c == _BACKSLASH:
            break
        text[at] = c
        at += 1
        start += 1
    return start


_COPY = twin("copy_text", portable_copy)


class Kept:
    """What is kept of a reply: compact JSON in a buffer of bounded size.

    A member or element that does not fit is dropped whole, the innermost one, and `truncated` is set; so what
    is there is JSON at any time, but for the brackets still to close, for which there is always room.
    """

    def __init__(self, limit, copy=_COPY):
        self.limit = limit
        # Beyond `limit` there is room for a crc member, which is always read and never kept.
        self.text = bytearray(limit + _CRC_MEMBER + DEPTH)
        self.kinds = bytearray(DEPTH + 1)  # the opening bracket at each depth
        self._void = bytearray(_VOID)  # for text that is not kept
        self._copy = copy
        self._marks = array("H", (0,) * (DEPTH + 1))  # where the item under way at each depth begins
        self.begin()

    def begin(self):
        """Forget everything."""
        self.n = 0
        self.depth = 0
        self.skipping = 0  # the depth of the item that is being dropped, or 0
        self.truncated = False
        self.wide = False  # True if there is more than ASCII
        self.surrogates = False  # True if there may be some, as escapes

    def put(self, c):
        """Keep the byte `c`."""
        if self.skipping:
            return
        if self.n < len(self.text):
            self.text[self.n] = c
            self.n += 1
        else:
            self._drop()

    def put_text(self, buf, start, end):
        """Keep buf[start:end] up to what is not plain text, see portable_copy; return the index of that."""
        while start < end:
            text = self._void if self.skipping else self.text
            at = 0 if self.skipping else self.n
            stop = min(end, start + len(text) - at)
            if stop == start:
                self._drop()
                continue
            done = self._copy(buf, start, stop, text, at)
            if not self.skipping:
                self.n = at + done - start
            start = done
            if done < stop:
                break
        return start

    def begin_item(self):
        """A member or an element begins."""
        if not self.skipping:
            self._marks[self.depth] = self.n
            last = self.text[self.n - 1]
            if last != _OBJECT and last != _ARRAY:
                self.put(_COMMA)

    def end_item(self):
        """It is through."""
        if self.skipping:
            if self.skipping == self.depth:
                self.skipping = 0
        elif self.n + self.depth > self.limit:
            self.truncated = True
            self.undo()

    def undo(self):
        """Forget the item under way."""
        self.n = self._marks[self.depth]

    def open(self, c):
        """An object or array begins with the bracket `c`."""
        self.put(c)
        self.depth += 1
        self.kinds[self.depth] = c

    def close(self, c):
        """It ends with the bracket `c`."""
        self.depth -= 1
        self.put(c)

    def ends_with(self, literal, at):
        """True if text[at:n] is `literal`."""
        return self.n - at == len(literal) and self.text.find(literal, at, self.n) == at

    def parse(self):
        """The members as a dict. Raises ValueError if the strings are no UTF-8."""
        text = bytes(memoryview(self.text)[: self.n])
        return json.loads(str(_without_surrogates(text) if self.surrogates else text, "utf-8"))

    def _drop(self):
        self.truncated = True
        self.undo()
        self.skipping = self.depth


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
