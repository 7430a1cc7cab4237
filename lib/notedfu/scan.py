"""JSON's structure, byte by byte: the loop that finds its way through a reply, and keeps it compact."""

from notedfu.const import const
from notedfu.twins import twin

DEPTH = 8  # of objects and arrays, the outermost included

_QUOTE = const(34)
_COMMA = const(44)
_COLON = const(58)
_BACKSLASH = const(92)
_OBJECT = const(123)  # { and [; two more is what closes them
_ARRAY = const(91)

# The states. In the first eight the kernel goes on; in the others somebody else has to do something.
_FIRST = const(0)  # behind { or [
_KEY = const(1)
_COLON_DUE = const(2)
_VALUE = const(3)
NEXT = 4  # behind a value
LAST = 5  # behind the crc: the end, and nothing else
TEXT = 6  # in a string
_AFTER = const(7)  # behind the outermost object
FULL = 8  # there may be no room for the next byte
ODD = 9  # a byte in a string that is no plain text
ITEM_END = 10  # a value has passed that was dropped, or may have to be, or is the crc
PAYLOAD_BEGIN = 11
DONE = 12  # the newline has passed
NUMERAL = 13  # or no value at all
DAMAGE = 14

# The words of a scanner.
STATE = 0
LEVEL = 1  # of objects and arrays, now
N = 2  # bytes kept
SKIPPING = 3  # the level of the item that is being dropped, or 0
IN_KEY = 4
MEMBER = 5  # IS_CRC or IS_PAYLOAD where such a member of the outermost object passes by
ITEM = 6  # where its key or its value begins in what is kept
FAILED = 7  # 1 once the outermost object has a member `err`
TOP_COMMA = 8  # the index of the last comma between members of the outermost object, or -1
BACK = 9  # the state that was given up
LENGTH = 10  # characters of a numeral so far
LIMIT = 11  # bytes to keep
ROOM = 12  # bytes for which there is room, less a comma, a bracket or a colon, and the one that closes it
WANTED = 13  # 1 where a member `payload` of the outermost object is to be told apart
STACK = 14  # for each level from 1 on: the bracket, and << 8 where the item under way begins
INNER = STACK  # bytes to keep of what is deeper: whatever comes first, there is room for the outermost's own
WORDS = 15 + DEPTH

IS_CRC = 1
IS_PAYLOAD = 2


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


def _pass(buf, start, end):
    """The index of the first byte of buf[start:end] that is no plain text, or `end`."""
    while start < end:
        c = buf[start]
        if c < 32 or c > 127 or c == _QUOTE or c == _BACKSLASH:
            break
        start += 1
    return start


COPY = twin("copy_text", portable_copy)


def _member(words, text, n):
    """What the key of the outermost object that has just ended says of its member; `err` is noted."""
    at = words[6]
    if n - at == 5:
        if text.find(b'"crc"', at, n) == at:
            return IS_CRC
        if text.find(b'"err"', at, n) == at:
            words[7] = 1
    elif n - at == 9 and words[13] and text.find(b'"payload"', at, n) == at:
        return IS_PAYLOAD
    return 0


def scan(words, buf, i, end, text, copy):  # noqa: C901 - calls would cost more than all that is done here
    """Scan buf[i:end] in one of the first eight states, and keep what passes in `text`, without blanks.

    words: array("i"), the state. text: a bytearray. copy: portable_copy or its twin. Returns the index of the
    first byte that is not taken, or `end`. Allocates nothing.
    """
    state, level = words[0], words[1]
    n, skipping = words[2], words[3]
    while i < end and state <= 7:
        if state == 6:
            if skipping:
                i = _pass(buf, i, end)
            else:
                stop = min(end, i + words[12] - n)
                done = copy(buf, i, stop, text, n)
                n += done - i
                i = done
                if stop <= i < end:
                    words[9] = 6
                    state = 8
                    break
            if i == end:
                break
            c = buf[i]
            if c != _QUOTE:
                state = 9
                break
            i += 1
            if not skipping:
                text[n] = c
                n += 1
            if words[4]:
                words[4] = 0
                if level == 1:
                    words[5] = _member(words, text, n)
                state = 2
                continue
        else:
            c = buf[i]
            i += 1
            if c == 32 or c == 9 or c == 13:
                continue
            if state == 7:
                if c == 10:
                    state = 12
                    break
                words[9] = 7
                state = 14
                i -= 1
                break
            kind = words[14 + level] & 255
            if c == kind + 2 and (state == 0 or state == 4 or state == 5):
                if not skipping:
                    text[n] = c
                    n += 1
                level -= 1
                if not level:
                    state = 7
                    continue
            elif state == 4 and c == _COMMA:
                if level == 1:
                    words[8] = i - 1
                state = 1 if kind == _OBJECT else 3
                continue
            elif state == 2 and c == _COLON:
                if not skipping:
                    text[n] = c
                    n += 1
                if level == 1:
                    words[6] = n
                state = 3
                continue
            else:
                is_key = kind == _OBJECT and state != 3
                opens = c == _OBJECT or c == _ARRAY
                if state == 2 or state > 3 or (is_key and c != _QUOTE) or (opens and level == DEPTH):
                    words[9] = state
                    state = 14
                    i -= 1
                    break
                begins = not skipping and (is_key or kind == _ARRAY)
                if begins:
                    words[14 + level] = n << 8 | kind
                if not skipping and n > words[12]:
                    words[9] = state
                    state = 8
                    i -= 1
                    break
                if begins and text[n - 1] != _OBJECT and text[n - 1] != _ARRAY:
                    text[n] = _COMMA
                    n += 1
                if is_key:
                    words[4] = 1
                    words[6] = n
                elif not opens and c != _QUOTE:
                    words[10] = 0
                    state = 13
                    i -= 1
                    break
                elif c == _QUOTE and level == 1 and words[5] == 2:
                    state = 11
                    continue
                if not skipping:
                    text[n] = c
                    n += 1
                state = 6
                if opens:
                    level += 1
                    words[14 + level] = n << 8 | c
                    state = 0
                continue
        # a value has ended
        full = n + level > words[14] and (level > 1 or n + level > words[11])
        state = 10 if skipping or full or (level == 1 and words[5] == 1) else 4
    words[0] = state
    words[1] = level
    words[2] = n
    return i
