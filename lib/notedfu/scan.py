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

# The states. In the first seven the kernel goes on; in the others somebody else has to do something.
FIRST = 0  # behind { or [
_KEY = const(1)
COLON = 2
_VALUE = const(3)
NEXT = 4  # behind a value
LAST = 5  # behind the crc: the end, and nothing else
TEXT = 6  # in a string
FULL = 7  # there may be no room for the next byte
ODD = 8  # a byte in a string that is no plain text
KEY_END = 9  # a key of the outermost object has passed
ITEM_END = 10  # a value has passed that was dropped, or may have to be, or is the crc
PAYLOAD_BEGIN = 11
CLOSED = 12
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
TOP_COMMA = 7  # the index of the last comma between members of the outermost object, or -1
BACK = 8  # the state that was given up
LENGTH = 9  # characters of a numeral so far
LIMIT = 10  # bytes to keep
ROOM = 11  # bytes for which there is room, less a comma, a bracket or a colon, and the one that closes it
STACK = 12  # for each level: the bracket, and << 8 where the item under way begins
WORDS = 13 + DEPTH

IS_CRC = 1
IS_PAYLOAD = 2


def _copy(buf, start, end, text, at):
    """Copy plain text, ASCII without quote, backslash and control characters, of buf[start:end] to text[at:].

    Returns the index of the first byte that is not plain, or `end`.
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


def portable_scan(words, i, end, buf, text):  # noqa: C901 - calls would cost more than all that is done here
    """Scan buf[i:end] in one of the first seven states, and keep what passes in `text`, without blanks.

    words: array("i"), the state. text: a bytearray. Returns the index of the first byte that is not taken, or
    `end`. Allocates nothing. The arguments come in the order that suits the viper twin: fast.py says why.
    """
    state, level = words[0], words[1]
    n, skipping = words[2], words[3]
    while i < end and state <= 6:
        if state == 6:
            if skipping:
                i = _pass(buf, i, end)
            else:
                stop = min(end, i + words[11] - n)
                done = _copy(buf, i, stop, text, n)
                n += done - i
                i = done
                if stop <= i < end:
                    words[8] = 6
                    state = 7
                    break
            if i == end:
                break
            c = buf[i]
            if c != _QUOTE:
                state = 8
                break
            i += 1
            if not skipping:
                text[n] = c
                n += 1
            if words[4]:
                words[4] = 0
                state = 2 if level > 1 else 9
                continue
        else:
            c = buf[i]
            i += 1
            if c == 32 or c == 9 or c == 13:
                continue
            kind = words[12 + level] & 255
            if c == kind + 2 and (state == 0 or state == 4 or state == 5):
                if not skipping:
                    text[n] = c
                    n += 1
                level -= 1
                if not level:
                    state = 12
                    continue
            elif state == 4 and c == _COMMA:
                if level == 1:
                    words[7] = i - 1
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
                    words[8] = state
                    state = 14
                    i -= 1
                    break
                begins = not skipping and (is_key or kind == _ARRAY)
                if begins:
                    words[12 + level] = n << 8 | kind
                if not skipping and n > words[11]:
                    words[8] = state
                    state = 7
                    i -= 1
                    break
                if begins and text[n - 1] != _OBJECT and text[n - 1] != _ARRAY:
                    text[n] = _COMMA
                    n += 1
                if is_key:
                    words[4] = 1
                    words[6] = n
                elif not opens and c != _QUOTE:
                    words[9] = 0
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
                    words[12 + level] = n << 8 | c
                    state = 0
                continue
        # a value has ended
        state = 10 if skipping or n + level > words[10] or (level == 1 and words[5] == 1) else 4
    words[0] = state
    words[1] = level
    words[2] = n
    return i


SCAN = twin("scan", portable_scan)
