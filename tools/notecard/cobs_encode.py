"""COBS as the Notecard's binary store sends it: every encoded byte XOR 0x0A, so that no newline is left.

Source: note-c n_cobs.c. The closing newline is not part of the encoding.
"""

_EOP = 0x0A


def encoded_limit(length):
    """The most bytes that `length` bytes can take when encoded."""
    return length + length // 254 + 1


def cobs_encode(data):
    """The encoding of `data`, a new bytearray; the last code byte is always there."""
    out = bytearray(encoded_limit(len(data)))
    code_at, at, code = 0, 1, 1
    for byte in data:
        if byte != 0:
            out[at] = byte ^ _EOP
            at += 1
            code += 1
        if byte == 0 or code == 255:
            out[code_at] = code ^ _EOP
            code_at, at, code = at, at + 1, 1
    out[code_at] = code ^ _EOP
    return out[:at]
