"""The I2C front end for a board in another process: its bus transactions over a stream.

    request   op ('W' or 'R'), address, n (2 bytes, little endian); for W then n bytes
    answer    status (0, else an errno); for R with status 0 then n bytes

One board at a time. A ProtocolViolation is EIO to the board; the engine has noted it. CPython only.
"""

import struct

from tools.notecard.refusal import ProtocolViolation

HEAD = struct.Struct("<cBH")
_EIO = 5


def serve(front, read, write, lock):
    """Carry out bus transactions until the stream ends.

    read(n): at most n bytes, b"" at the end. write(data): all of it. lock: held around each transaction.
    """
    while True:
        head = _exactly(read, HEAD.size)
        if head is None:
            return
        op, address, n = HEAD.unpack(head)
        data = _exactly(read, n) if op == b"W" else b""
        if data is None:
            return
        if op not in (b"W", b"R"):
            raise ValueError("the board's stream is out of step: op %r" % op)
        with lock:
            answer = _transaction(front, op, address, n, data)
        write(answer)


def _transaction(front, op, address, n, data):
    try:
        if op == b"W":
            front.write(address, data)
            return b"\0"
        return b"\0" + front.read(address, n)
    except ProtocolViolation:
        return bytes([_EIO])
    except OSError as error:
        return bytes([error.args[0]])


def _exactly(read, n):
    """n bytes of the stream, or None if it ends before."""
    data = b""
    while len(data) < n:
        piece = read(n - len(data))
        if not piece:
            return None
        data += piece
    return data
