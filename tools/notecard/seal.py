"""The crc member of requests and replies (note-c n_request.c, _crcAdd)."""

from binascii import crc32

_CRC = ',"crc":"'
_CRC_ALONE = ' "crc":"'  # what note-c writes into an object without members


def checked_crc(text, stamp):
    """The crc member's text if it is right for the request's text, None if not."""
    ending = '"crc":"%s"}' % stamp
    text = text.rstrip()
    if not text.endswith(ending):
        return None
    start = len(text) - len(ending)
    plain = text[:start].rstrip(" ")
    if plain.endswith(","):
        plain = plain[:-1]
    sequence, _, value = stamp.partition(":")
    try:
        good = int(sequence, 16) >= 0 and int(value, 16) == crc32((plain + "}").encode()) & 0xFFFFFFFF
    except ValueError:
        return None
    return stamp if good else None


def sealed(text, crc, is_error, faults):
    """The reply's text with its crc as the last member, as the faults say. crc: that of the request."""
    if faults.hit("crc-off") or (is_error and faults.hit("crc-missing-on-err")):
        return text
    value = crc32(text.encode()) & 0xFFFFFFFF
    if faults.hit("crc-wrong"):
        value ^= 1 << faults.below("crc-wrong", 32)
    sequence = int(crc.split(":")[0], 16)
    if faults.hit("crc-sequence"):
        sequence = (sequence - 1) & 0xFFFF
    stamp = "%04X:%08X" % (sequence, value)
    if faults.hit("crc-lower"):
        stamp = stamp.lower()
    return text[:-1] + (_CRC_ALONE if text == "{}" else _CRC) + stamp + '"}'
