from check import code_of, feed_bytes, feed_whole, splits
from notedfu.b64 import Base64Decoder, portable_decode
from notedfu.crc32 import BinasciiCrc32, Crc32
from notedfu.errors import LinkError
from notedfu.reply import Reply
from notedfu.scan import portable_copy
from notedfu.twins import twin


def replies(limit=1024):
    """One as it is used, and one with the sums of every interpreter."""
    yield Reply(limit)
    yield Reply(limit, BinasciiCrc32, portable_copy)


def sinks(size):
    """Base64 decoders of each kind, each with its buffer."""
    for kernel in (portable_decode, twin("b64_decode", None)):
        if kernel:
            out = bytearray(size)
            yield Base64Decoder(out, kernel), out


def scan(reply, parts, sink=None):
    reply.begin(sink)
    for part in parts:
        feed_whole(reply, part)
    reply.finish()
    return reply.members


def scan_bytes(reply, text, sink=None):
    reply.begin(sink)
    feed_bytes(reply, text)
    reply.finish()
    return reply.members


def ways(text):
    """The text at every split, whole first; and byte by byte."""
    yield from splits(text)
    yield [text[i : i + 1] for i in range(len(text))]


def sealed(text, sequence=1, form=b',"crc":"%04X:%08X"'):
    """A reply with the crc member that the Notecard adds."""
    total = Crc32()
    total.update(text, 0, len(text))
    return text[:-1] + form % (sequence, total.value()) + b"}\r\n"


GOOD = (
    (b"{}", {}),
    (b' {\t"a" :\r1 , "b": 2 } ', {"a": 1, "b": 2}),
    (
        b'{"mode":"ready","on":true,"off":false,"x":null}',
        {"mode": "ready", "on": True, "off": False, "x": None},
    ),
    (
        b'{"body":{"crc32":4294967295,"length":0},"n":-12}',
        {"body": {"crc32": 4294967295, "length": 0}, "n": -12},
    ),
    (b'{"a":[\t1\r,\r2 , \t3 ]}', {"a": [1, 2, 3]}),
    (b'{"a":[],"b":{},"c":[[1,[2]],{"d":[{}]}]}', {"a": [], "b": {}, "c": [[1, [2]], {"d": [{}]}]}),
    (b'{"f":[0.5,-2.5e3,1E2,0,-0.25]}', {"f": [0.5, -2500.0, 100.0, 0, -0.25]}),
    (b'{"s":"\\"\\\\\\/\\b\\f\\n\\r\\t"}', {"s": '"\\/\b\f\n\r\t'}),
    (b'{"\\u0061b":"\\u00e9\\u20AC\\u0000\\u0022\\u005C"}', {"ab": '\u00e9\u20ac\x00"\\'}),
    (b'{"s":"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"}', {"s": "\u00e9\u20ac\U0001f600"}),
    (b'{"s":"\\ud83d\\ude00.\\\\ud83d"}', {"s": "\U0001f600.\\ud83d"}),
    (b'{"s":"\\ud83d\\u0041\\ude00"}', {"s": "\ufffdA\ufffd"}),
    (b'{"payload":"aGk=","a":"{heartbeat}, [,] : {"}', {"payload": "aGk=", "a": "{heartbeat}, [,] : {"}),
    (b'{"a":' + b"[" * 7 + b"]" * 7 + b"}", {"a": [[[[[[[]]]]]]]}),
)

BAD = (
    b"{", b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,', b'{"a":"', b"{}}", b"{}{}", b'{"a":1}x', b'{"a":1,}',
    b"{,}",
    b'{"a" 1}', b'{"a"::1}', b"{a:1}", b"{1:1}", b'{"a":}', b'{"a":[1,]}', b'{"a":[,1]}', b'{"a":[1 2]}',
    b'{"a":[1}',
    b'{"a":{"b":1]}', b'{"a":1]', b'{"a":01}', b'{"a":+1}', b'{"a":-}', b'{"a":1.}', b'{"a":.5}', b'{"a":1e}',
    b'{"a":1e+}', b'{"a":--1}', b'{"a":1-1}', b'{"a":nan}', b'{"a":True}', b'{"a":tru}', b'{"a":truee}',
    b'{"a":1.2.3}',
    b'{"a":0x10}', b'{"a":1_0}', b"{'a':1}", b'{"a":"\x01"}', b'{"a":"\t"}', b'{"a":"\\x"}',
    b'{"a":"\\u12g4"}',
    b'{"a":"\\u12"}', b'{"a":"b"c"}', b'{"a":"\xff"}', b'{"a":"\xc3"}', b'{"a":"\xed\xa0"}', b'{"\xc3":1}',
    b'{"a":' + b"[" * 8 + b"]" * 8 + b"}", b'{"a":1' + b"0" * 40 + b"}", b'{"a":1"b":2}', b'{"a":1:2}',
    b'{"a":1\x00}',
    b'{"a":1}\x00', b"{\x0b}",
)  # fmt: skip


def test_good_replies_come_out_at_every_split():
    for reply in replies():
        for text, members in GOOD:
            for parts in ways(text + b"\r\n"):
                assert scan(reply, parts) == members, text
                assert reply.done and not reply.truncated


def test_damage_is_damage_at_every_split():
    for reply in replies():
        for text in BAD:
            for parts in ways(text + b"\n"):
                assert code_of(LinkError, scan, reply, parts) == "bad-reply", text


def test_a_reply_without_its_newline_is_not_whole():
    for reply in replies():
        for text, _ in GOOD:
            assert code_of(LinkError, scan, reply, (text,)) == "bad-reply"
            assert not reply.done
        assert code_of(LinkError, scan, reply, ()) == "bad-reply"


def test_blank_lines_and_trace_lines_before_it_are_skipped():
    for reply in replies():
        for before in (b"\r\n", b"\n\n \r\n", b'trace {"a":2}\r\n', b'[0.1] \xff"\n\r\nboot\n'):
            for parts in ways(before + b'{"a":1}\r\n'):
                assert scan(reply, parts) == {"a": 1}


def test_the_skipping_is_bounded():
    for reply in replies():
        assert scan(reply, (b"\n" * 1024, b"{}\n")) == {}
        assert code_of(LinkError, scan, reply, (b"\n" * 1025, b"{}\n")) == "bad-reply"
        assert code_of(LinkError, scan_bytes, reply, b"x" * 1025 + b"\n{}\n") == "bad-reply"


def test_what_comes_after_the_newline_is_left():
    text = b'{"a":1}\r\n{"b":2}\r\n'
    for reply in replies():
        reply.begin(None)
        reply.feed(b"##" + text, 2, 2 + len(text))
        assert reply.done and reply.consumed == 11
        reply.feed(text, 9, 12)
        assert reply.consumed == 9
        reply.finish()
        assert reply.members == {"a": 1}
        reply.begin(None)
        reply.feed(text, 9, len(text))
        assert reply.done and reply.consumed == len(text) and reply.members == {"b": 2}


def test_the_payload_goes_to_the_sink_at_every_split():
    out = bytearray(32)
    sink = Base64Decoder(out)
    text = b'{"payload":"aGVsbG8\\/aGVsbG8gd29ybGQ+\\/w==","status":"x"}\r\n'
    for reply in replies():
        for parts in ways(text):
            assert scan(reply, parts, sink) == {"status": "x"}
            assert reply.has_payload
            assert bytes(out[: sink.finish()]) == b"hello?hello world>\xff"


def test_a_payload_is_one_only_at_the_top_and_only_as_a_string():
    sink = Base64Decoder(bytearray(8))
    for reply in replies():
        for text, members in (
            (b'{"a":{"payload":"!"},"b":["payload","!"]}', {"a": {"payload": "!"}, "b": ["payload", "!"]}),
            (b'{"payload":null}', {"payload": None}),
            (b'{"payload":["!"]}', {"payload": ["!"]}),
            (
                b'{"a":"payload","Payload":"!","payload ":"!"}',
                {"a": "payload", "Payload": "!", "payload ": "!"},
            ),
        ):
            for parts in ways(text + b"\n"):
                assert scan(reply, parts, sink) == members
                assert sink.finish() == 0 and not reply.has_payload
        assert scan(reply, (b'{"payload":""}\n',), sink) == {}
        assert reply.has_payload and sink.finish() == 0


def test_damage_in_the_payload_is_damage():
    sink = Base64Decoder(bytearray(8))
    for reply in replies():
        for text, code in (
            (b'{"payload":"Zm9v!m9v"}', "bad-base64"),
            (b'{"payload":"Zm9v\nm9v"}', "bad-base64"),
            (b'{"payload":"Zm9v\\nZm9v"}', "bad-reply"),
            (b'{"payload":"Zm9v\\"Zm9v"}', "bad-reply"),
            (b'{"payload":"Zm9v\\u005A"}', "bad-reply"),
            (b'{"payload":"Zm9v","payload":"Zm9v"}', "bad-reply"),
            (b'{"payload":"Zm9vZm9vZm9v"}', "long-chunk"),
        ):
            for parts in ways(text + b"\n"):
                assert code_of(LinkError, scan, reply, parts, sink) == code, text


def test_the_sink_begins_again_with_the_reply():
    out = bytearray(8)
    sink = Base64Decoder(out)
    sink.begin(6)
    for reply in replies():
        reply.begin(sink)
        feed_whole(reply, b'{"payload":"Zm9vY')
        assert scan(reply, (b'{"payload":"Zm9v"}\n',), sink) == {}
        assert sink.finish() == 3 and sink.limit == 6
        assert scan(reply, (b'{"err":"gone"}\n',), sink) == {"err": "gone"}
        assert sink.finish() == 0 and reply.failed


def test_the_crc_is_that_of_the_text_without_it():
    sink = Base64Decoder(bytearray(32))
    for reply in replies():
        for text, _ in GOOD[1:]:
            for parts in ways(sealed(text.strip(), 0x1A2F)):
                assert scan(reply, parts, sink if b"aGk=" in text else None) is not None
                assert not reply.crc_error(0x1A2F, True)
                assert not reply.crc_error(0x1A2F, False)
                assert reply.crc_error(0x1A2E, False)
                assert "crc" not in reply.members


def test_the_crc_takes_every_form_that_is_around():
    for reply in replies():
        for form in (
            b',"crc":"%04X:%08X"',
            b',"crc":"%04x:%08x"',
            b',"crc": "%04X:%08X"',
            b', "crc" :"%04x:%08X" ',
        ):
            for parts in ways(sealed(b'{"a":[1,{"crc":2}]}', 0xBEEF, form)):
                assert scan(reply, parts) == {"a": [1, {"crc": 2}]}
                assert not reply.crc_error(0xBEEF, True)
        for text in (b'{ "crc":"0001:A3A6BF43"}\n', b'{"crc":"0001:a3a6bf43"}\n'):
            for parts in ways(text):
                assert scan(reply, parts) == {}
                assert not reply.crc_error(1, True)


def test_each_byte_of_a_sealed_reply_counts():
    text = sealed(b'{"status":"ok","total":1}', 7)
    for reply in replies():
        for at in range(1, len(text) - 2):
            for flip in (1, 2, 4, 0x20):
                wrong = bytearray(text)
                wrong[at] ^= flip
                try:
                    members = scan(reply, (wrong,))
                except LinkError:
                    continue
                if reply.crc_error(7, True):
                    continue
                # A digit's case is the only thing that may differ.
                assert bytes(wrong).lower() == text.lower() and members == {"status": "ok", "total": 1}


def test_a_crc_is_missed_only_if_demanded_and_never_beside_err():
    for reply in replies():
        scan(reply, (b'{"a":1}\n',))
        assert reply.crc_error(1, True) and not reply.crc_error(1, False)
        scan(reply, (b'{"err":"{heartbeat}","status":"busy"}\n',))
        assert not reply.crc_error(1, True) and not reply.crc_error(1, False)
        scan(reply, (b'{"a":"err","b":{"err":"x"}}\n',))
        assert reply.crc_error(1, True) and not reply.failed
        scan(reply, (sealed(b'{"err":"no"}', 3),))
        assert reply.failed and not reply.crc_error(3, True) and reply.crc_error(2, True)


NO_CRC = (
    b'"0001:A3A6BF4"', b'"0001:A3A6BF433"', b'"00x1:A3A6BF43"', b'"0001-A3A6BF43"', b"123456789012345",
    b'{"ab":12345678}', b"null", b'"\\u003001:A3A6BF43"', b'""',
)  # fmt: skip


def test_a_crc_that_is_none_is_damage():
    for reply in replies():
        for value in NO_CRC:
            for parts in ways(b'{"crc":' + value + b"}\n"):
                assert code_of(LinkError, scan, reply, parts) == "bad-reply", value
        for text in (b'{"crc":"0001:A3A6BF43","a":1}\n', b'{"crc":"0001:A3A6BF43","crc":"0001:A3A6BF43"}\n'):
            for parts in ways(text):
                assert code_of(LinkError, scan, reply, parts) == "bad-reply"


def test_what_does_not_fit_is_dropped_innermost_first():
    long = b'{"a":1,"body":{"notes":"%s","length":123,"info":{"x":[%s]}},"b":2}' % (
        b"n" * 300,
        b"1," * 100 + b"2",
    )
    text = sealed(long)
    for reply in replies(64):
        for cut in range(0, len(text), 7):
            members = scan(reply, (text[:cut], text[cut:]))
            assert reply.truncated and not reply.crc_error(1, True)
            ones = members["body"]["info"]["x"]
            assert len(ones) > 4 and ones == [1] * len(ones)
            del members["body"]["info"]
            assert members == {"a": 1, "body": {"length": 123}, "b": 2}


def test_every_limit_keeps_json_and_the_crc():
    text = sealed(
        b'{"ab":"cdef","g":{"h":[1,2,{"i":"jk"}],"l":"mnop"},"qrstuvwxyz":"%s","e":[[],{}],"err":"x"}'
        % (b"y" * 40)
    )
    whole = scan(Reply(), (text,))
    for limit in range(2, 140):
        for reply in replies(limit):
            members = scan_bytes(reply, text)
            assert reply.failed and not reply.crc_error(1, True)
            assert reply.truncated == (members != whole)
            for key in members:
                assert key in ("g", "e", "err") or members[key] == whole[key]
            assert members["err"] in ("x", "an error that is too long to be kept"), limit
    assert members == whole


def test_wherever_the_room_ends_a_reply_is_good_and_the_rest_of_it_kept():
    for size in range(60, 90):
        for text in (
            b'{"a":"%s","b":[[1],"x"],"c":2}' % (b"y" * size),
            b'{"a":{"%s":"x"},"b":"z"}' % (b"y" * size),
            b'{"a":["%s",{},[{"k":"v"}],"zz",{"l":[]}],"b":3}' % (b"y" * (size - 30)),
            b'{"%s":{"k":[]},"b":3}' % (b"y" * size),
        ):
            whole = scan(Reply(), (text + b"\n",))
            for reply in replies(40):
                members = scan_bytes(reply, sealed(text))
                assert not reply.crc_error(1, True)
                assert reply.truncated == (members != whole)
                for key in members:
                    assert type(members[key]) is type(whole[key])
                    assert isinstance(members[key], (dict, list)) or members[key] == whole[key]


def test_a_payload_costs_none_of_the_limit():
    sink = Base64Decoder(bytearray(300))
    for reply in replies(8):
        text = sealed(b'{"payload":"' + b"AAAA" * 100 + b'"}')
        assert scan(reply, (text,), sink) == {}
        assert sink.finish() == 300 and not reply.truncated and not reply.crc_error(1, True)
