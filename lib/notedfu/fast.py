# ruff: noqa: F821 - ptr8 and ptr32 are viper's own
"""Viper twins of the hot loops: the same arguments and results as the portable functions, nothing allocated.

Importing this is a SyntaxError where there is no viper emitter; twins.py is the one place that tries. Every
number taken, returned or written here is below 2**30 (a larger one would be a bigint on 32 bits): CRCs live
in buffers. Nobody checks the pointers: the classes that call these see to their bounds.
"""

import micropython

# The sextet of each character, or 128.
_SEXTETS = bytearray(b"\x80" * 256)
for _i in range(64):
    _SEXTETS[b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[_i]] = _i

_CRCS = bytearray(1024)  # what each byte adds to a CRC-32: 256 words


@micropython.viper
def _fill_crcs(table):
    words = ptr32(table)
    # In steps, since constants are held as ints.
    polynomial = 0xEDB8
    polynomial = polynomial << 16 | 0x8320
    unsigned = 0x7FFF  # a shift to the right brings the sign along
    unsigned = unsigned << 16 | 0xFFFF
    crc = 1
    step = 128
    while step:
        crc = (crc >> 1 & unsigned) ^ (polynomial if crc & 1 else 0)
        at = 0
        while at < 256:
            words[at + step] = words[at] ^ crc
            at += step + step
        step >>= 1


_fill_crcs(_CRCS)


# The emitters keep a function's first three variables in registers, the others in memory. So the arguments
# come in an order, and are used again, such that those of the innermost loop are the first.


@micropython.viper
def crc32_update(words: ptr32, p: ptr8, crc: int, end: int):
    """crc32.table_update(state, buf, start, end)."""
    state = words
    n = end - crc
    p = ptr8(int(p) + crc)
    words = ptr32(_CRCS)
    crc = state[0] ^ -1
    while n >= 4:
        crc = words[(crc ^ p[0]) & 255] ^ (crc >> 8 & 0xFFFFFF)
        crc = words[(crc ^ p[1]) & 255] ^ (crc >> 8 & 0xFFFFFF)
        crc = words[(crc ^ p[2]) & 255] ^ (crc >> 8 & 0xFFFFFF)
        crc = words[(crc ^ p[3]) & 255] ^ (crc >> 8 & 0xFFFFFF)
        p = ptr8(int(p) + 4)
        n -= 4
    while n > 0:
        crc = words[(crc ^ p[0]) & 255] ^ (crc >> 8 & 0xFFFFFF)
        p = ptr8(int(p) + 1)
        n -= 1
    state[0] = crc ^ -1


@micropython.viper
def _b64_groups(p: ptr8, o: ptr8, sextets: ptr8, start: int, n: int, at: int) -> int:
    """Decode up to n groups from p[start] into o[at]; return how many before one with more than digits."""
    p = ptr8(int(p) + start)
    o = ptr8(int(o) + at)
    left = n
    while left:
        a = sextets[p[0]]
        b = sextets[p[1]]
        c = sextets[p[2]]
        d = sextets[p[3]]
        if a | b | c | d > 127:
            break
        o[0] = a << 2 | b >> 4
        o[1] = b << 4 | c >> 2
        o[2] = c << 6 | d
        p = ptr8(int(p) + 4)
        o = ptr8(int(o) + 3)
        left -= 1
    return n - left


@micropython.viper
def b64_decode(state, buf, start: int, end: int, out, limit: int) -> int:
    """b64.portable_decode."""
    words = ptr32(state)
    sextets = ptr8(_SEXTETS)
    p = ptr8(buf)
    o = ptr8(out)
    at = words[0]
    bits = words[1]
    count = words[2]
    while start < end:
        if not at:
            # A quarter of the room is a safe number of groups; the rest of it comes in the next rounds.
            n = (end - start) >> 2
            if n > (limit - count) >> 2:
                n = (limit - count) >> 2
            n = int(_b64_groups(buf, out, _SEXTETS, start, n, count))
            start += n << 2
            count += n + n + n
            if start == end:
                break
        sextet = sextets[p[start]]
        if sextet > 63:
            break
        bits = bits << 6 | sextet
        at += 1
        start += 1
        if at == 4:
            if count + 3 > limit:
                return -2
            o[count] = bits >> 16
            o[count + 1] = bits >> 8
            o[count + 2] = bits
            count += 3
            at = 0
            bits = 0
    words[0] = at
    words[1] = bits
    words[2] = count
    return start


@micropython.viper
def cobs_frame(state, buf, start: int, end: int, out, limit: int) -> int:
    """cobs.portable_frame."""
    words = ptr32(state)
    left = words[0]
    zero = words[1]
    count = words[2]
    p = ptr8(buf)
    o = ptr8(out)
    while start < end:
        c = p[start]
        if c == 10:
            if left:
                return -1
            break
        start += 1
        c ^= 10
        if left:
            left -= 1
        else:
            left = c - 1
            emits = zero
            zero = 1 if c < 255 else 0
            words[3] = 1
            if not emits:
                continue
            c = 0
        if count >= limit:
            return -2
        o[count] = c
        count += 1
    words[0] = left
    words[1] = zero
    words[2] = count
    return start


@micropython.viper
def copy_text(p: ptr8, start: int, end: int, text: ptr8, at: int) -> int:
    """scan.portable_copy(buf, start, end, text, at)."""
    text = ptr8(int(text) + at - start)
    while start < end:
        c = p[start]
        if c < 32 or c > 127 or c == 34 or c == 92:
            break
        text[start] = c
        start += 1
    return start
