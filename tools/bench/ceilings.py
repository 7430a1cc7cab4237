"""What the wire alone allows: bytes of the image a second, no latency, no pauses, no flash.

One piece of n bytes costs these bytes on the wire, each of 9 bits on I2C (with its acknowledge) and of 10 on
a UART; on I2C each transfer has its address byte as well. docs/BENCH.md explains.
"""

MTU = 252
_CRC = len(',"crc":"0000:00000000"')
_STATUS = len('"status":"') + 32 + 1


def request(n, binary):
    """Bytes of a dfu.get in the middle of a large image, its newline included."""
    text = '{"req":"dfu.get","offset":524288,"length":%d%s}' % (n, ',"binary":true' if binary else "")
    return len(text) + _CRC + 1


def base64_reply(n):
    """Bytes of the reply with the payload."""
    return len('{"payload":"",}\r\n') + (n + 2) // 3 * 4 + _STATUS + _CRC


def cobs_lines(n):
    """Bytes of the two replies and of the frame, of image bytes that are rarely zero."""
    first = len('{"length":,"cobs":,}\r\n') + 2 * len(str(n)) + _STATUS + _CRC
    second = len("{}\r\n") + _STATUS + _CRC
    return first, second, n + n // 254 + 2


def i2c_fetch(line):
    """(bytes, transactions) to fetch a line: a query, then six bytes around the data of each packet."""
    packets = -(-line // MTU)
    return 6 + 6 * packets + line, 1 + packets


def i2c(n, form, hertz=100000):
    """(bytes a second, milliseconds, transactions) of a piece of n bytes."""
    if form == "base64":
        sent, lines = [request(n, False)], [base64_reply(n)]
    else:
        sent = [request(n, True), len('{"req":"card.binary.get","offset":0,"length":%d}' % n) + _CRC + 1]
        lines = cobs_lines(n)
    fetched = [i2c_fetch(line) for line in lines]
    count = sum(2 + one for one in sent) + sum(one for one, _ in fetched)
    ms = count * 9 * 1000 / hertz
    return n * 1000 / ms, ms, len(sent) + sum(packets for _, packets in fetched)


def uart(n, form, baud):
    """(bytes a second, milliseconds) of a piece of n bytes."""
    if form == "base64":
        count = request(n, False) + base64_reply(n)
    else:
        count = request(n, True) + len('{"req":"card.binary.get","offset":0,"length":%d}' % n) + _CRC + 1
        count += sum(cobs_lines(n))
    ms = count * 10 * 1000 / baud
    return n * 1000 / ms, ms
