"""Each fault of the simulated Notecard strikes as its sentence says, and is the same for the same seed."""

import json
from binascii import a2b_base64, crc32

from check import raises
from simulated import Bench, image_bytes
from test_notecard_front_ends import ADDRESS, host_of, port_of, received
from tools.notecard.faults import FAULTS, NAMES, Faults
from tools.notecard.offer import md5_hex

IMAGE = image_bytes(5000)
GET = '{"req":"dfu.get","offset":100,"length":60}'
PIECE = IMAGE[100:160]


def struck(name, preset="8.x", value=None, rate=1.0):
    """A bench with an image that is ready, and one fault switched on before it is offered."""
    bench = Bench(preset)
    bench.engine.hub.dfu_polls = bench.engine.hub.dfu_entry_ms = 0
    bench.engine.faults.set(name, rate, value=value)
    bench.ready(IMAGE)
    return bench


def answer(bench, text=GET):
    return bench.engine.line(bench.stamped(text).encode())


def clean(text=GET):
    bench = Bench()
    bench.ready(IMAGE)
    return answer(bench, text)[0][1]


def members(data):
    return json.loads(data.decode())


def good_crc(line):
    text = line.decode().rstrip()
    return int(members(line)["crc"][5:], 16) == crc32((text[:-23] + "}").encode()) & 0xFFFFFFFF


# the switches


def test_every_fault_has_a_sentence_and_a_name_of_its_own():
    assert len(set(NAMES)) == len(FAULTS) == len(NAMES)
    for _, place, _, meaning in FAULTS:
        assert place and len(meaning) > 15


def test_all_faults_are_off_at_first():
    faults = Faults(3)
    faults.begin()
    assert not any([faults.hit(name) for name in NAMES])
    assert faults.counts == {}


def hits(seed, others=()):
    faults = Faults(seed).set("drop", 0.3)
    for other in others:
        faults.set(other, 0.5)
    pattern = []
    for _ in range(200):
        faults.begin()
        for other in others:
            faults.hit(other)
        pattern.append(faults.hit("drop"))
    return pattern


def test_a_seed_decides_when_a_fault_strikes_and_other_faults_do_not():
    assert hits(5) == hits(5) == hits(5, ("flip", "nack"))
    assert hits(5) != hits(6)
    assert 30 < sum(hits(5)) < 90


def test_a_fault_can_strike_at_a_transaction():
    faults = Faults(1).set("drop", at=(2, 4))
    pattern = []
    for _ in range(6):
        faults.begin()
        pattern.append((faults.hit("drop"), faults.hit("drop")))
    assert pattern == [(n in (2, 4), False) for n in range(1, 7)]
    assert faults.counts == {"drop": 2}
    raises(KeyError, faults.set, "no such fault")


def test_clear_switches_all_off():
    faults = Faults(1).set("drop", 1.0).set("flip", at=(0,))
    faults.clear()
    assert not faults.hit("drop") and not faults.hit("flip")


def run(seed):
    """All that comes back in 60 exchanges under a mixture of faults."""
    bench = Bench("9.1.1", seed)
    for name in NAMES:
        if name not in ("absent", "superseded"):
            bench.engine.faults.set(name, 0.05)
    bench.ready(IMAGE)
    out = []
    for at in range(60):
        out.append(answer(bench, '{"req":"dfu.get","offset":%d,"length":50}' % (at * 50)))
        bench.time.advance(100)
    return out, bench.engine.faults.counts


def test_a_whole_run_is_the_same_for_the_same_seed():
    first, counts = run(11)
    again, same = run(11)
    assert first == again and dict(counts) == dict(same)
    assert run(12)[0] != first
    assert len(counts) > 12


# the wire


def test_drop_double_and_flip_change_the_reply_by_a_byte():
    plain = clean()
    assert len(answer(struck("drop"))[0][1]) == len(plain) - 1
    assert len(answer(struck("double"))[0][1]) == len(plain) + 1
    flipped = answer(struck("flip"))[0][1]
    changed = [a ^ b for a, b in zip(flipped, plain) if a != b]
    assert len(flipped) == len(plain) and len(changed) == 1 and changed[0] & (changed[0] - 1) == 0


def test_the_requests_faults_are_seen_by_the_crc():
    for name in ("request-drop", "request-double", "request-flip"):
        bench = struck(name)
        replies = [b"".join([data for _, data in answer(bench)]) for _ in range(20)]
        assert sum([b"{io}" in reply for reply in replies]) >= 15, name
        assert bench.engine.counters.garbled >= 15, name


def test_a_request_that_was_damaged_on_its_way_is_no_violation():
    bench = Bench("5.x")
    bench.engine.faults.set("request-flip", 1.0)
    for _ in range(100):
        bench.lines('{"req":"dfu.get","offset":100,"length":60}')
    assert bench.engine.violations == []
    assert bench.engine.counters.requests.get("dfu.get", 0) < 60


def test_a_cut_reply_has_no_newline():
    reply = answer(struck("cut"))[0][1]
    assert reply == clean()[: len(reply)] and len(reply) < len(clean())


def test_garbage_and_trace_come_before_the_reply():
    noisy = answer(struck("garbage"))[0][1]
    assert noisy[8:] == clean()
    trace = answer(struck("trace"))[0][1]
    head, _, rest = trace.partition(b"\r\n")
    assert rest == clean() and not head.startswith(b"{")


def test_odd_packets_come_apart_with_the_newline_alone():
    pieces = answer(struck("odd-packets"))
    assert b"".join([data for _, data in pieces]) == clean()
    assert pieces[-1][1] == b"\n" and len(pieces) > 2
    times = [delay for delay, _ in pieces]
    assert times == sorted(times) and times[-1] > times[0]


def test_latency_delays_by_up_to_its_value():
    delays = [answer(struck("latency", value=500))[0][0]]
    bench = struck("latency", value=500)
    delays += [answer(bench)[0][0] for _ in range(50)]
    assert 0 < min(delays) and max(delays) <= 500 and max(delays) > 250


def test_a_lost_reply_was_executed_and_is_replayed():
    bench = Bench()
    bench.engine.faults.set("lost-reply", at=(1,))
    note = bench.stamped('{"req":"note.add","file":"a.qo"}', 3)
    assert bench.lines(note) == []
    assert members(bench.lines(note)[0])["total"] == 1
    assert bench.engine.hub.notes == 1


def test_a_lost_request_was_not_executed():
    bench = Bench()
    bench.engine.faults.set("lost-request", at=(1,))
    assert bench.lines('{"req":"note.add","file":"a.qo"}') == []
    assert bench.engine.hub.notes == 0


def test_an_io_error_comes_instead_of_the_reply_and_is_not_replayed():
    bench = Bench()
    bench.engine.faults.set("io-error", at=(1,))
    note = bench.stamped('{"req":"note.add","file":"a.qo"}', 3)
    assert "{io}" in members(bench.lines(note)[0])["err"]
    assert members(bench.lines(note)[0])["total"] == 1


def test_heartbeats_come_before_the_reply_and_have_no_crc():
    segments = answer(struck("heartbeat", value=3))
    assert [delay for delay, _ in segments] == [0, 1000, 2000, 3000]
    for _, beat in segments[:3]:
        assert members(beat) == {"err": "{heartbeat}", "status": "still at work"}
    assert segments[3][1] == clean()


# crc


def test_the_faults_of_the_crc():
    assert "crc" not in members(answer(struck("crc-off"))[0][1])
    lower = members(answer(struck("crc-lower"))[0][1])["crc"]
    assert lower == lower.lower() and lower != lower.upper()
    assert good_crc(clean()) and not good_crc(answer(struck("crc-wrong"))[0][1])
    bench = struck("crc-sequence")
    bench.stamped(GET)
    assert members(answer(bench)[0][1])["crc"][:4] == "0000"


def test_an_err_may_have_no_crc():
    bench = struck("crc-missing-on-err")
    assert "crc" in members(answer(bench)[0][1])
    refused = members(answer(bench, '{"req":"dfu.get","length":9999}')[0][1])
    assert "err" in refused and "crc" not in refused


# the bus


def test_nack_hang_and_absence_on_the_bus():
    assert raises(OSError, host_of(struck("nack")).send, b"\n").args[0] == 5
    assert raises(OSError, host_of(struck("hang")).send, b"\n").args[0] == 110
    bench = Bench()
    bench.engine.faults.set("absent", at=(0,), value=3000)
    host = host_of(bench)
    raises(OSError, host.send, b"\n")
    bench.time.advance(2999)
    raises(OSError, host.pull, 0)
    bench.time.advance(1)
    host.send(b"\n")
    assert host.all() == b"\r\n"


def test_an_absent_notecard_hears_nothing_on_uart():
    bench = Bench()
    bench.engine.faults.set("absent", at=(0,), value=1000)
    port = port_of(bench, baud=None)
    port.write(b"\n", 1)
    assert port.any() == 0
    bench.time.advance(1000)
    port.write(b"\n", 1)
    assert received(port) == b"\r\n"


def test_a_stale_header_is_the_answer_of_the_read_before():
    bench = Bench()
    host = host_of(bench)
    host.send(b'{"req":"hub.set"}\n')
    assert host.pull(0) == b"\4\0"
    bench.engine.faults.set("stale-header", at=(1,), value=2)
    assert host.pull(4) == b"\4\0\xff\xff\xff\xff"
    assert host.pull(0) == b"\0\4"
    assert host.pull(0) == b"\0\0"
    assert bench.engine.violations == []


def test_a_bad_count_is_one_less_than_was_asked_for():
    bench = struck("bad-count")
    host = host_of(bench)
    host.send(b'{"req":"hub.set"}\n')
    host.pull(0)
    assert host.pull(4) == b"\0\3{}\r\n"


def test_asking_again_after_a_fault_is_no_violation():
    bench = Bench()
    host = host_of(bench)
    host.send(b'{"req":"hub.set"}\n')
    host.pull(0)
    host.front.write(ADDRESS, b"\0\4")
    bench.engine.faults.set("nack", 1.0)
    raises(OSError, host.front.read, ADDRESS, 6)
    bench.engine.faults.clear()
    assert host.pull(4) == b"\0\4{}\r\n"


# DFU


def test_the_faults_of_a_chunk():
    def got(name, **knobs):
        reply = members(answer(struck(name, **knobs))[0][1])
        return a2b_base64(reply["payload"]), reply.get("status")

    assert got("short-payload") == (PIECE[:-1], md5_hex(PIECE[:-1]))
    assert got("long-payload", value=3) == (PIECE + b"\0\0\0", md5_hex(PIECE + b"\0\0\0"))
    data, status = got("chunk-md5-wrong")
    assert data == PIECE and status != md5_hex(PIECE) and len(status) == 32
    assert got("chunk-md5-missing") == (PIECE, None)
    data, status = got("chunk-corrupt")
    assert data != PIECE and len(data) == len(PIECE) and status == md5_hex(data)


def test_a_corrupt_image_is_the_same_in_every_read():
    bench = struck("image-corrupt", value=110)
    expected = PIECE[:10] + bytes([PIECE[10] ^ 0x10]) + PIECE[11:]
    for _ in range(2):
        assert a2b_base64(members(answer(bench)[0][1])["payload"]) == expected
    assert bench.ask("dfu.status")["body"]["md5"] == md5_hex(IMAGE)


def test_a_corrupt_image_differs_in_one_byte_somewhere():
    bench = struck("image-corrupt")
    reply = bench.ask("dfu.get", length=5000)
    assert sum([a != b for a, b in zip(a2b_base64(reply["payload"]), IMAGE)]) == 1


def test_the_body_may_be_wrong_or_missing():
    right = Bench()
    right.ready(IMAGE)
    right = right.ask("dfu.status")["body"]
    for name, member in (("image-crc32", "crc32"), ("image-md5", "md5"), ("image-length", "length")):
        bench = struck(name)
        body = bench.ask("dfu.status")["body"]
        assert [key for key in sorted(body) if body[key] != right[key]] == [member]
        assert bench.ask("dfu.status")["body"] == body
    assert struck("image-length", value=7).ask("dfu.status")["body"]["length"] == 5007
    missing = struck("body-missing").ask("dfu.status")
    assert missing["mode"] == "ready" and "body" not in missing


def test_an_image_may_be_replaced_in_the_middle():
    bench = Bench()
    bench.ready(IMAGE)
    bench.engine.offer(image_bytes(3000, 99), "next.img")
    bench.engine.faults.set("superseded", at=(2,))
    assert a2b_base64(members(answer(bench)[0][1])["payload"]) == PIECE
    assert a2b_base64(members(answer(bench)[0][1])["payload"]) == image_bytes(3000, 99)[100:160]
    assert bench.ask("dfu.status")["body"]["source"] == "next.img"


def test_an_image_may_be_superseded_without_a_successor():
    bench = struck("superseded")
    assert "err" in members(answer(bench)[0][1])
    assert bench.ask("dfu.status")["status"] == "firmware update superceded"


def test_the_dfu_mode_may_end_in_the_middle():
    bench = struck("mode-expires", "legacy", rate=0.0)
    bench.ask("hub.set", mode="dfu")
    assert "err" not in bench.ask("dfu.get", length=5)
    bench.engine.faults.set("mode-expires", at=(0,))
    assert "not currently in" in bench.ask("dfu.get", length=5)["err"]
    bench.ask("hub.set", mode="dfu")
    assert "err" not in bench.ask("dfu.get", length=5)


def test_a_log_may_keep_the_session_open_for_long():
    bench = struck("busy-after-log", "legacy")
    bench.ask("hub.log", text="hello")
    bench.ask("hub.set", mode="dfu")
    for _ in range(11):
        bench.time.advance(100000)
        bench.ask("hub.set", mode="dfu")
        assert "{connected}" in bench.ask("dfu.get")["err"]
    bench.time.advance(100000)
    assert "err" not in bench.ask("dfu.get")


def test_the_frame_is_damaged_as_well_as_the_line():
    parts = set()
    for seed in range(12):
        bench = Bench("9.1.1", seed)
        bench.ready(IMAGE)
        bench.ask("dfu.get", length=60, binary=True)
        plain = bench.lines('{"req":"card.binary.get","length":60}')
        bench.engine.faults.set("flip", 1.0)
        damaged = bench.lines('{"req":"card.binary.get","length":60}')
        parts.add((damaged[0] != plain[0], damaged[1] != plain[1]))
    assert parts == {(True, False), (False, True)}
