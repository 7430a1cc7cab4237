"""Mutated replies against the scanner and its stages, in one long process. Runs on MicroPython (and CPython).

    micropython replies.py ROOT SEED FIRST COUNT

Case n of a seed is the same whatever FIRST and COUNT are. What is checked of each case: nothing but the
library's own errors; nothing written outside of `out`; the sink's count within its limit; a payload that the
crc vouches for is the one that was sent; what is kept is within the limit; a reply that was left as it is
passes. And all along: the heap does not grow.
Prints a line of JSON now and then, one for each failure, and one at the end.
"""

import gc
import json
import sys

root, seed, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
for folder in ("/tests_host", "/lib"):
    sys.path.insert(0, root + folder)

from chain import dfu_get_reply, seal  # noqa: E402
from check import Random  # noqa: E402
from notedfu.b64 import Base64Decoder, portable_decode  # noqa: E402
from notedfu.cobs import CobsDecoder, portable_frame  # noqa: E402
from notedfu.crc32 import BinasciiCrc32, Crc32  # noqa: E402
from notedfu.errors import LinkError  # noqa: E402
from notedfu.reply import Reply  # noqa: E402
from notedfu.scan import portable_copy  # noqa: E402
from notedfu.twins import fast  # noqa: E402

EVERY = 5000  # cases between two looks at the heap
MARGIN = 16
LIMIT = 96  # bytes decoded
KEEP = 64  # bytes of text kept
GUARD = 0xA5
TOKENS = (
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\r\n", b"\n", b"=", b"==", b"\\/", b"\\u00e9",
    b"\\ud83d", b'"payload":"', b'"crc":"0001:00000000"', b',"crc":"', b'"err":"{io}"', b'"status":"',
    b"null", b"true", b"-1.5e9", b"0", b"\x00", b"\xff", b"\xc3\xa9", b" ", b'{"a":[1,{"b":"c"}]}',
    b"[[[[[[[[[", b"A" * 40, b"\x0a\x0b", b"9" * 33,
)  # fmt: skip


def originals():
    """Replies as they are; their payload; and their sequence numbers."""
    data = Random(99).bytes(LIMIT)
    cases = []
    for size in (0, 1, 2, 3, 47, LIMIT):
        cases.append((dfu_get_reply(data[:size], 1), data[:size]))
    for text in (
        b"{}",
        b'{"err":"{heartbeat}","status":"busy"}',
        b'{"mode":"ready","status":"ok","on":true,"body":{"crc32":4023,"length":-1.5e3,"info":{"a":[1,[],{}]}}}',
        b'{"name":"\\u00e9\\ud83d\\ude00\\n","x":[null,false,0.25],"long":"%s"}' % (b"z" * 90),
    ):
        cases.append((seal(text, 1), None))
    cases.append((seal(b'{"payload":"' + b"\\/" * 24 + b'"}', 1), b"\xff" * 18))
    return cases


def mutate(random, line):
    """One to four changes of `line`; now and then none."""
    line = bytearray(line)
    for _ in range(random.below(5)):
        at = random.below(len(line) + 1)
        kind = random.below(8)
        rest = bytes(line[at:])
        if kind == 0 and rest:
            line[at] ^= 1 << random.below(8)
        elif kind == 1 and rest:
            line[at] = random.below(256)
        elif kind == 2:
            line = line[:at] + rest[1 + random.below(4) :]
        elif kind == 3:
            line = line[:at] + TOKENS[random.below(len(TOKENS))] + rest
        elif kind == 4:
            line = line[:at] + rest[: random.below(12)] + rest
        elif kind == 5:
            line = line[:at]
        elif kind == 6:
            other = CASES[random.below(len(CASES))][0]
            line = line[:at] + other[random.below(len(other)) :]
        else:
            line = line[:at] + random.bytes(random.below(6)) + rest
    return bytes(line)


CASES = originals()


def sent(line, payload):
    """True if `payload` is that of an original which is whole in `line`, but for the form of its crc member.

    It need not be the one that was mutated: one may have become another.
    """
    for original, own in CASES:
        if own == payload and line.find(original[: original.rfind(b",")]) >= 0:
            return True
    return False


class Stand:
    """One set of stages, made once; `run` judges one case."""

    def __init__(self, crc32, b64_kernel, cobs_kernel, copy):
        self.out = bytearray(LIMIT + MARGIN)
        self.frame = bytearray(LIMIT + MARGIN)
        self.view = memoryview(self.out)[:LIMIT]
        self.decoder = Base64Decoder(self.view, b64_kernel)
        self.cobs = CobsDecoder(memoryview(self.frame)[:LIMIT], cobs_kernel)
        self.reply = Reply(KEEP, crc32, copy)
        for i in range(MARGIN):
            self.out[LIMIT + i] = self.frame[LIMIT + i] = GUARD

    def run(self, line, cut, payload, untouched):
        """None, or what is wrong."""
        wrong = self._scan(line, cut, payload, untouched) or self._decode(line, cut)
        for buf in (self.out, self.frame):
            for i in range(LIMIT, LIMIT + MARGIN):
                if buf[i] != GUARD:
                    return "a byte beyond the buffer was written"
        return wrong

    def _scan(self, line, cut, payload, untouched):
        reply, decoder = self.reply, self.decoder
        decoder.begin(LIMIT)
        reply.begin(decoder if payload is not None else None)
        try:
            reply.feed(line, 0, cut)
            if not reply.done:
                reply.feed(line, cut, len(line))
            reply.finish()
            members = reply.members
            n = decoder.finish()
        except LinkError as error:
            return "a good reply was refused: %s" % error if untouched else None
        if untouched and reply.crc_error(1, True):
            return "a good crc was refused"
        if not isinstance(members, dict) or len(json.dumps(members)) > 8 * KEEP or not 0 <= n <= LIMIT:
            return "more was kept than the limit says"
        if reply.has_payload and not reply.crc_error(1, True) and not sent(line, bytes(self.out[:n])):
            return "a wrong payload was accepted"
        return None

    def _decode(self, line, cut):
        for stage, code in ((self.decoder, "bad-base64"), (self.cobs, "bad-cobs")):
            stage.begin(cut % (LIMIT + 1))
            try:
                stage.feed(line, cut // 2, cut)
                stage.feed(line, cut, len(line))
                stage.finish()
            except LinkError as error:
                if error.code not in (code, "long-chunk"):
                    return "the error is %s" % error.code
            if not 0 <= stage.count <= stage.limit:
                return "more was written than the limit says"
        return None


def stands():
    yield Stand(BinasciiCrc32, portable_decode, portable_frame, portable_copy)
    if fast:
        yield Stand(Crc32, fast.b64_decode, fast.cobs_frame, fast.copy_text)


def main():
    stages = list(stands())
    failures = 0
    heap = None
    for n in range(first, first + count):
        random = Random((seed * 0x9E3779B1 + n * 0x85EBCA77 + 1) & 0xFFFFFFFF)
        random.next()
        original, payload = CASES[random.below(len(CASES))]
        line = mutate(random, original)
        cut = random.below(len(line) + 1)
        try:
            wrong = stages[n % len(stages)].run(line, cut, payload, line == original)
        except Exception as error:  # noqa: BLE001 - any of them is the finding
            wrong = "%s: %s" % (type(error).__name__, error)
        if wrong:
            failures += 1
            print(json.dumps({"case": n, "wrong": wrong, "line": repr(line), "cut": cut}))
        if (n - first) % EVERY == EVERY - 1:
            print(json.dumps({"done": n - first + 1, "failures": failures}))
            heap = grown(heap)
    print(json.dumps({"end": count, "failures": failures}))


def grown(before):
    """The heap in use now; raises if it is more than at the first look."""
    if not hasattr(gc, "mem_alloc"):
        return None
    gc.collect()
    now = gc.mem_alloc()
    if before is not None and now > before + 2048:
        raise MemoryError("the heap has grown from %d to %d bytes" % (before, now))
    return now if before is None else before


main()
