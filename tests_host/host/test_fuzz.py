"""Scanner and decoders against CPython's own json and base64, and 20,000 mutated replies on MicroPython."""

import base64
import binascii
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from chain import dfu_get_reply, seal
from notedfu.b64 import Base64Decoder
from notedfu.cobs import CobsDecoder
from notedfu.crc32 import BinasciiCrc32, StateCrc32
from notedfu.errors import LinkError
from notedfu.reply import Reply
from tools import paths
from tools.fuzz.__main__ import cases

set_hypothesis_home_dir(paths.BUILD / "hypothesis")
BOUNDED = settings(derandomize=True, deadline=None, max_examples=300, database=None)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(max_size=12)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
objects = st.dictionaries(st.text(max_size=8).filter(lambda key: key != "crc"), values, max_size=5)
pieces = st.lists(st.integers(1, 40), min_size=1, max_size=20)


def feed(stage, data, sizes):
    """Feed data in pieces of these sizes, the last of them for the rest, each between bytes of noise."""
    at = 0
    for size in sizes[:-1] + [len(data)]:
        part = data[at : at + size]
        stage.feed(b'"\n' + part + b'"}\n', 2, 2 + len(part))
        at += len(part)


def depth(value):
    if isinstance(value, dict):
        return 1 + max([depth(item) for item in value.values()] or [0])
    return 1 + max([depth(item) for item in value] or [0]) if isinstance(value, list) else 0


@settings(BOUNDED, max_examples=120)
@given(objects, pieces, st.booleans(), st.sampled_from([None, (", ", ": ")]), st.integers(0, 65535))
def test_what_json_writes_comes_back(members, sizes, ascii_only, separators, sequence):
    text = json.dumps(members, ensure_ascii=ascii_only, separators=separators or (",", ":"))
    try:
        line = text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return
    if depth(members) > 8:
        return
    reply = Reply(4000)
    reply.begin(None)
    feed(reply, seal(line, sequence) if members else line + b"\n", sizes)
    reply.finish()
    assert not reply.truncated
    assert reply.members == members
    if members:
        assert not reply.crc_error(sequence, True)
        assert reply.crc_error(sequence ^ 1, False)


json_like = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", ",", ":", '"', '"a"', '"a":', "1", "-", "0", ".5", "e3", "true", "null", " ",
         "\\", "\\n", "\\u00e9", "\x01", "\x7f", "é", "crc", "{}",
         "[]", '"payload":', "9" * 33, "nul", "NaN", "Infinity"]
    ), max_size=14,
)  # fmt: skip


def strict_json(text):
    """What CPython makes of it, if it is an object; ValueError else."""

    def refuse(word):
        raise ValueError(word)

    value = json.loads(text, parse_constant=refuse)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


@settings(BOUNDED, max_examples=600)
@given(json_like, pieces)
def test_what_json_refuses_is_refused_and_what_it_takes_is_taken(words, sizes):
    text = '{"a":1,' + "".join(words) + "}"
    reply = Reply(4000)
    reply.begin(None)
    try:
        feed(reply, text.encode() + b"\n", sizes)
        reply.finish()
        members = reply.members
    except LinkError as error:
        assert error.code == "bad-reply"
        members = None
    try:
        expected = strict_json(text)
    except ValueError:
        expected = None
    if expected is not None and (depth(expected) > 8 or "9" * 33 in text or '"crc' in text):
        return
    assert members == expected


@BOUNDED
@given(st.binary(max_size=400), pieces, st.integers(0, 400))
def test_base64_comes_back_or_is_too_long(data, sizes, limit):
    out = bytearray(400)
    decoder = Base64Decoder(out)
    decoder.begin(limit)
    try:
        feed(decoder, base64.b64encode(data), sizes)
        assert bytes(out[: decoder.finish()]) == data and len(data) <= limit
    except LinkError as error:
        assert error.code == "long-chunk" and len(data) > limit


@settings(BOUNDED, max_examples=600)
@given(st.text("AQgw/+=9- \n", max_size=13), pieces)
def test_what_strict_base64_refuses_is_refused(text, sizes):
    out = bytearray(20)
    decoder = Base64Decoder(out)
    try:
        feed(decoder, text.encode(), sizes)
        got = bytes(out[: decoder.finish()])
    except LinkError as error:
        assert error.code == "bad-base64"
        got = None
    try:
        expected = base64.b64decode(text, validate=True)
        if base64.b64encode(expected) != text.encode():
            expected = None
    except binascii.Error:
        expected = None
    assert got == expected


@BOUNDED
@given(st.binary(max_size=300), pieces)
def test_no_bytes_make_cobs_raise_anything_else(data, sizes):
    decoder = CobsDecoder(bytearray(200))
    try:
        feed(decoder, data, sizes)
        assert 0 <= decoder.finish() <= 200
    except LinkError as error:
        assert error.code in ("bad-cobs", "long-chunk")


@BOUNDED
@given(st.binary(max_size=60), pieces, st.data())
def test_a_damaged_reply_never_gives_a_wrong_payload(data, sizes, draw):
    line = bytearray(dfu_get_reply(data, 7))
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(line) - 1))
        line[at] = draw.draw(st.integers(0, 255))
    out = bytearray(60)
    sink = Base64Decoder(out)
    reply = Reply(200)
    reply.begin(sink)
    try:
        feed(reply, bytes(line), sizes)
        reply.finish()
        n = sink.finish()
    except LinkError:
        return
    if reply.has_payload and not reply.crc_error(7, True):
        assert bytes(out[:n]) == data


@BOUNDED
@given(st.binary(max_size=300), pieces)
def test_the_sums_agree_with_zlib(data, sizes):
    class Stage:
        def __init__(self, total):
            self.feed = total.update

    for total in (StateCrc32(), BinasciiCrc32()):
        feed(Stage(total), data, sizes)
        assert total.value() == binascii.crc32(data)


def test_20000_mutated_replies_on_micropython():
    last = {}
    for record in cases(1, 0, 20000):
        assert "case" not in record and "died" not in record, record
        last = record
    assert last == {"end": 20000, "failures": 0}


def test_one_case_can_be_run_alone():
    assert list(cases(1, 12345, 1))[-1] == {"end": 1, "failures": 0}


def test_a_process_that_dies_is_a_failure():
    assert "died" in list(cases("no number", 0, 1))[-1]
