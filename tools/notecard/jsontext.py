"""Strict JSON for the simulated Notecard: what MicroPython's own parser lets pass is refused here.

Objects keep their order, which the closing `crc` member needs, and a name that comes twice is an error.
"""

import json
from collections import OrderedDict

_DEPTH = 16
_ESCAPES = {34: '"', 92: "\\", 47: "/", 98: "\b", 102: "\f", 110: "\n", 114: "\r", 116: "\t"}
_WORDS = ((b"true", True), (b"false", False), (b"null", None))
_NONE = 0  # what peek() gives behind the end


def write(value):
    """The text of `value`, without spaces."""
    return json.dumps(value, separators=(",", ":"))


def parse(text):
    """The value of the JSON text; ValueError says where it is not JSON."""
    parser = _Parser(text)
    value = parser.value(0)
    parser.space()
    if parser.at != len(parser.text):
        parser.fail("end")
    return value


class _Parser:
    """Works on bytes: MicroPython looks each piece that is cut out of a str up among all names it knows."""

    def __init__(self, text):
        self.text = text.encode()
        self.at = 0

    def fail(self, wanted):
        raise ValueError("no %s at byte %d" % (wanted, self.at))

    def peek(self):
        return self.text[self.at] if self.at < len(self.text) else _NONE

    def space(self):
        while self.peek() in b" \t\r\n":
            self.at += 1

    def expect(self, character):
        if self.peek() != ord(character):
            self.fail(character)
        self.at += 1

    def value(self, depth):
        if depth > _DEPTH:
            self.fail("end of nesting")
        self.space()
        first = self.peek()
        if first == ord("{"):
            return self.object(depth)
        if first == ord("["):
            return self.array(depth)
        if first == ord('"'):
            return self.string()
        for word, meaning in _WORDS:
            if self.text[self.at : self.at + len(word)] == word:
                self.at += len(word)
                return meaning
        return self.number()

    def object(self, depth):
        members = OrderedDict()
        for _ in self.items("{", "}"):
            name = self.string()
            if name in members:
                raise ValueError("member %s comes twice" % name)
            self.space()
            self.expect(":")
            members[name] = self.value(depth + 1)
        return members

    def array(self, depth):
        return [self.value(depth + 1) for _ in self.items("[", "]")]

    def items(self, opening, closing):
        """Stand in front of each item of a list between brackets, in turn."""
        self.expect(opening)
        self.space()
        if self.peek() == ord(closing):
            self.at += 1
            return
        while True:
            self.space()
            yield
            self.space()
            if self.peek() == ord(closing):
                break
            self.expect(",")
        self.at += 1

    def string(self):
        self.expect('"')
        pieces = []
        while True:
            end = self.text.find(b'"', self.at)
            if end < 0:
                self.fail("closing quote")
            escaped = self.text.find(b"\\", self.at, end)
            pieces.append(self.plain(end if escaped < 0 else escaped))
            self.at += 1
            if escaped < 0:
                return "".join(pieces)
            pieces.append(self.escape())

    def plain(self, end):
        """The characters up to `end`, none of them a control character."""
        piece = self.text[self.at : end]
        if piece and min(piece) < 32:
            self.fail("closing quote")
        self.at = end
        return piece.decode()

    def escape(self):
        kind = self.peek()
        self.at += 1
        if kind == ord("u"):
            digits = self.text[self.at : self.at + 4].decode()
            self.at += 4
            if len(digits) != 4:
                self.fail("\\u escape")
            return chr(int(digits, 16))
        if kind not in _ESCAPES:
            self.fail("escape")
        return _ESCAPES[kind]

    def digits(self):
        start = self.at
        while self.peek() in b"0123456789":
            self.at += 1
        if start == self.at:
            self.fail("value")

    def number(self):
        start = self.at
        if self.peek() == ord("-"):
            self.at += 1
        leading = self.at
        self.digits()
        if self.text[leading] == ord("0") and self.at - leading > 1:
            self.fail("number without leading zero")
        whole = True
        if self.peek() == ord("."):
            self.at += 1
            self.digits()
            whole = False
        if self.peek() in b"eE":
            self.at += 1
            if self.peek() in b"+-":
                self.at += 1
            self.digits()
            whole = False
        text = self.text[start : self.at].decode()
        return int(text) if whole else float(text)
