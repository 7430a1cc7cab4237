"""What the stream stages allocate on 32 bits in plain bytecode, in the steady state, a page of 4096 bytes.

Run by run.mjs; prints JSON, in bytes. This build's a2b_base64 is Python and allocates far more than the C
function of a board's firmware, so base64 is only tried for its result here.
"""

import gc
import json
import sys

from chain import Chain
from notedfu.b64 import portable_decode
from notedfu.cobs import CobsDecoder, portable_frame
from notedfu.crc32 import BinasciiCrc32, StateCrc32, table_update
from notedfu.twins import fast

PAGES = 4


class TableCrc32(StateCrc32):
    def __init__(self):
        super().__init__(table_update)


def allocated(run):
    """Bytes that one run() allocates: nothing is collected meanwhile."""
    assert run()
    before = gc.mem_alloc()
    for _ in range(PAGES):
        run()
    return (gc.mem_alloc() - before) / PAGES


def digits_only(state, buf, start, end, out, limit):
    """Takes base64 without decoding it: what is left is what scanner and sums allocate."""
    while start < end and buf[start] != 34:
        start += 1
    state[2] = limit
    return start


def cobs_page():
    frame = bytearray(byte ^ 10 for byte in b"\xff" + bytes(range(1, 255)) + b"\x05abcd" * 300)
    decoder = CobsDecoder(bytearray(4096), portable_frame)

    def run():
        decoder.begin(4096)
        decoder.feed(frame, 0, 253)
        decoder.feed(frame, 253, len(frame))
        return decoder.finish() > 1000

    return run


def main():
    base64 = Chain(4096, BinasciiCrc32, portable_decode)
    result = {
        "bits": 32 if sys.maxsize == 0x7FFFFFFF else 64,
        "viper": fast is not None,
        "right": base64.run() and bytes(base64.page) == base64.data,
        "table_crc32_alone": allocated(Chain(4096, TableCrc32, digits_only).run),
        "binascii_crc32_alone": allocated(Chain(4096, BinasciiCrc32, digits_only).run),
        "cobs": allocated(cobs_page()),
    }
    print(json.dumps(result))


main()
