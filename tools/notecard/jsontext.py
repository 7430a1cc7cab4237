"""Strict JSON for the simulated Notecard: what MicroPython's own parser lets pass is refused here.

Objects keep their order, which the closing `crc` member needs, and a name that comes twice is an error.
"""

import json
from collections import OrderedDict

_DEPTH = 16
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = (("true", True), ("false", False), ("null", None))


def write(value):
    """The text of `value`, without spaces."""
    return json.dumps(value, separators=(",", ":"))


def parse(text):
    """The value of the JSON text; ValueError says where it is not JSON."""
    parser = _Parser(text)
    value = parser.value(0)
    parser.space()
    if parser.at != len(text):
        parser.fail("end")
    return value


class _Parser:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def fail(self, wanted):
        raise ValueError("no %s at character %d" % (wanted, self.at))

    def peek(self):
        return self.text[self.at : self.at + 1]

    def space(self):
        while self.peek() in (" ", "\t", "\r", "\n"):
            self.at += 1

    def expect(self, character):
        if self.peek() != character:
            self.fail(character)
        self.at += 1

    def value(self, depth):
        if depth > _DEPTH:
            self.fail("end of nesting")
        self.space()
        first = self.peek()
        if first == "{":
            return self.object(depth)
        if first == "[":
            return self.array(depth)
        if first == '"':
            return self.string()
        for word, meaning in _WORDS:
            if self.text.startswith(word, self.at):
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
        if self.peek() == closing:
            self.at += 1
            return
        while True:
            self.space()
            yield
            self.space()
            if self.peek() == closing:
                break
            self.expect(",")
        self.at += 1

    def string(self):
        self.expect('"')
        pieces = []
        while True:
            one = self.peek()
            if one == "" or ord(one) < 32:
                self.fail("closing quote")
            self.at += 1
            if one == '"':
                return "".join(pieces)
            pieces.append(self.escape() if one == "\\" else one)

    def escape(self):
        kind = self.peek()
        self.at += 1
        if kind == "u":
            digits = self.text[self.at : self.at + 4]
            self.at += 4
            if len(digits) != 4:
                self.fail("\\u escape")
            return chr(int(digits, 16))
        if kind not in _ESCAPES:
            self.fail("escape")
        return _ESCAPES[kind]

    def digits(self):
        start = self.at
        while self.peek() != "" and self.peek() in "0123456789":
            self.at += 1
        if start == self.at:
            self.fail("value")

    def number(self):
        start = self.at
        if self.peek() == "-":
            self.at += 1
        leading = self.at
        self.digits()
        if self.text[leading] == "0" and self.at - leading > 1:
            self.fail("number without leading zero")
        whole = True
        if self.peek() == ".":
            self.at += 1
            self.digits()
            whole = False
        if self.peek() in ("e", "E"):
            self.at += 1
            if self.peek() in ("+", "-"):
                self.at += 1
            self.digits()
            whole = False
        text = self.text[start : self.at]
        return int(text) if whole else float(text)
