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


# The emitters keep a function's first two variables in registers, the others in memory (three where nothing
# is compiled ahead). So the arguments come in an order, and are used again, such that those of the innermost
# loop are the first. What is a global is looked up at each call, so these are arguments, too.


@micropython.viper
def _crc_run(table: ptr32, crc: uint, x: uint, state: ptr32, buf: ptr8):
    """Run buf[crc:x] through the CRC-32 in `state`; two words at a time, where words lie."""
    at = int(buf) + int(crc)
    end = int(buf) + int(x)
    x = uint(0x7FFF)  # all 32 bits and no more, in steps: constants are held as ints
    x = x << 17 | uint(0x1FFFF)
    crc = (uint(state[0]) ^ x) & x
    while at < end and at & 3:
        x = uint(table[(uint(ptr8(at)[0]) ^ crc) & 255])
        crc = crc >> 8 ^ x
        at += 1
    last = end - 7
    while at < last:
        crc = uint(ptr32(at)[0]) ^ crc
        x = uint(table[crc & 255])
        crc = crc >> 8 ^ x
        x = uint(table[crc & 255])
        crc = crc >> 8 ^ x
        x = uint(table[crc & 255])
        crc = crc >> 8 ^ x
        x = uint(table[crc & 255])
        crc = crc >> 8 ^ x ^ uint(ptr32(at)[1])
        x = uint(table[crc & 255])
        crc = crc >> 8 ^ x
        x = uint(table[crc & 255])
        crc = crc >> 8 ^ x
        x = uint(table[crc & 255])
        crc = crc >> 8 ^ x
        x = uint(table[crc & 255])
        crc = crc >> 8 ^ x
        at += 8
    while at < end:
        x = uint(table[(uint(ptr8(at)[0]) ^ crc) & 255])
        crc = crc >> 8 ^ x
        at += 1
    state[0] = int(crc) ^ -1


@micropython.viper
def crc32_update(state, buf, start: int, end: int):
    """crc32.table_update."""
    _crc_run(_CRCS, start, end, state, buf)


@micropython.viper
def get_hex(p: ptr8, at: int) -> int:
    """crc32.portable_get_hex(buf, at)."""
    end = at + 4
    value = 0
    while at < end:
        c = p[at]
        at += 1
        if c < 48 or c > 57:
            c |= 32
            if c < 97 or c > 102:
                return -1
            c -= 39
        value = value << 4 | (c - 48)
    return value


@micropython.viper
def put_hex(value: int, p: ptr8, at: int):
    """crc32.portable_put_hex(value, buf, at)."""
    i = at + 4
    while i > at:
        i -= 1
        c = value & 15
        p[i] = c + 48 if c < 10 else c + 55
        value >>= 4


@micropython.viper
def _b64_groups(p: ptr8, sextets: ptr8, o: ptr8, start: int, n: int, at: int) -> int:
    """Decode up to n groups from p[start] into o[at]; return how many before one with more than digits.

    Four of them at a time, as long as all are digits; the bytes of a group that is none are written over.
    """
    p = ptr8(int(p) + start)
    o = ptr8(int(o) + at)
    left = n
    while left > 3:
        a = sextets[p[0]]
        b = sextets[p[1]]
        c = sextets[p[2]]
        d = sextets[p[3]]
        seen = a | b | c | d
        o[0] = a << 2 | b >> 4
        o[1] = b << 4 | c >> 2
        o[2] = c << 6 | d
        a = sextets[p[4]]
        b = sextets[p[5]]
        c = sextets[p[6]]
        d = sextets[p[7]]
        seen = a | b | c | d | seen
        o[3] = a << 2 | b >> 4
        o[4] = b << 4 | c >> 2
        o[5] = c << 6 | d
        a = sextets[p[8]]
        b = sextets[p[9]]
        c = sextets[p[10]]
        d = sextets[p[11]]
        seen = a | b | c | d | seen
        o[6] = a << 2 | b >> 4
        o[7] = b << 4 | c >> 2
        o[8] = c << 6 | d
        a = sextets[p[12]]
        b = sextets[p[13]]
        c = sextets[p[14]]
        d = sextets[p[15]]
        if a | b | c | d | seen > 127:
            break
        o[9] = a << 2 | b >> 4
        o[10] = b << 4 | c >> 2
        o[11] = c << 6 | d
        p = ptr8(int(p) + 16)
        o = ptr8(int(o) + 12)
        left -= 4
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
            n = int(_b64_groups(buf, _SEXTETS, out, start, n, count))
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


@micropython.viper
def gather(words, parts, ask, write, read, nap, again) -> int:
    """i2c.portable_gather."""
    w = ptr32(words)
    n = w[0]
    most = w[1]
    count = 0
    waiting = 0
    for part in parts:
        if count:
            nap(w[3])
        if n > most:
            n = most
        p = ptr8(part)
        first = p[0]
        second = p[1]
        ptr8(ask)[1] = n
        try:
            write(w[2], ask, 2)
            if w[4]:
                nap(w[4])
            read(w[2], part, n + 2)
        except OSError:
            again(n, part)
        waiting = p[0]
        if p[1] != n or waiting > 253:
            w[5] = n
            w[6] = p[1]
            return -1
        p[0] = first
        p[1] = second
        count += n
        if n < most or not waiting:
            break
        n = waiting
    w[0] = waiting
    return count
