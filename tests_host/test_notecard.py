from cards import LINKS, Bench
from check import code_of
from notedfu.errors import LinkError, RequestError
from notedfu.notecard import Notecard
from notedfu.reply import Reply
from notedfu.transactions import SPARE
from virtual import VirtualTime


class Script:
    """A link that answers each request with the next of a list: lines, or an error to raise."""

    holds_reply = True

    def __init__(self, *replies):
        self.replies = list(replies)
        self.sent = []
        self.resyncs = 0
        self.receives = 0

    def send(self, buf, n):
        self.sent.append(bytes(buf[:n]))

    def receive(self, stage, timeout_ms):
        self.receives += 1
        done = False
        while not done:
            reply = self.replies.pop(0)
            if isinstance(reply, Exception):
                raise reply
            done = stage.feed(reply, 0, len(reply))

    def resync(self):
        self.resyncs += 1


def scripted(*replies):
    time = VirtualTime()
    link = Script(*replies)
    return time, link, Notecard(link, time.clock(), Reply(512))


def silence():
    return LinkError("no-reply", "nothing")


def cut_short():
    return LinkError("short-reply", "something")


def test_the_crc_is_that_of_note_c():
    for text, crc in (
        (b'{"req":"dfu.status"}', b"AF188B2B"),
        (b'{"req":"card.dfu","name":"-","off":true}', b"DFFBEA8F"),
        (b'{"req":"dfu.get"}', b"55061ABF"),
    ):
        time, link, notecard = scripted(b"{}\r\n")
        buf = bytearray(text + bytes(SPARE))
        notecard.transact(buf, len(text), None, 1000)
        assert link.sent == [text[:-1] + b',"crc":"0001:' + crc + b'"}\n']


def test_a_request_is_answered_over_both_links():
    for link in LINKS:
        bench = Bench(link)
        members = bench.notecard.request({"req": "card.version"})
        assert members["version"].startswith("notecard-8")
        assert "err" in bench.notecard.request({"req": "card.nonsense"})
        assert bench.engine.counters.garbled == 0


def test_the_first_request_is_preceded_by_a_resync_and_the_second_is_not():
    time, link, notecard = scripted(b"{}\r\n", b"{}\r\n")
    notecard.request({"req": "hub.get"})
    notecard.request({"req": "hub.get"})
    assert link.resyncs == 1


def test_sequence_numbers_wrap_at_16_bits():
    time, link, notecard = scripted(*[b"{}\r\n"] * 3)
    notecard._sequence = 0xFFFE
    for _ in range(3):
        notecard.request({"req": "x"})
    assert [text[text.find(b'"crc"') + 7 :][:4] for text in link.sent] == [b"FFFF", b"0000", b"0001"]
    bench = Bench()
    bench.notecard._sequence = 0xFFFE
    for _ in range(3):
        bench.notecard.request({"req": "hub.get"})
    assert bench.engine.counters.replays == 0


def test_a_retry_resends_the_same_text_after_growing_pauses_and_a_resync():
    time, link, notecard = scripted(*[cut_short()] * 5 + [b"{}\r\n"])
    assert notecard.request({"req": "hub.get"}) == {}
    assert len(link.sent) == 6 and len(set(link.sent)) == 1
    assert link.resyncs == 6
    assert time.elapsed_ms == 250 + 500 + 1000 + 2000 + 4000


def test_after_five_retries_the_last_fault_is_told():
    time, link, notecard = scripted(*[cut_short()] * 9)
    assert code_of(LinkError, notecard.request, {"req": "hub.get"}) == "short-reply"
    assert len(link.sent) == 6
    link.replies = [b"{}\r\n"]
    assert notecard.request({"req": "hub.get"}) == {}
    assert link.resyncs == 7


def test_a_silent_notecard_is_waited_for_twice():
    """Each time takes half a minute, in which the app stands still."""
    time, link, notecard = scripted(cut_short(), silence(), b"{}\r\n")
    assert notecard.request({"req": "hub.get"}) == {}
    time, link, notecard = scripted(cut_short(), silence(), cut_short(), silence(), b"{}\r\n")
    assert code_of(LinkError, notecard.request, {"req": "hub.get"}) == "no-reply"
    assert len(link.sent) == 4


def test_the_notecard_executes_a_retried_request_once():
    for link in LINKS:
        bench = Bench(link)
        bench.faults.set("lost-reply", 0, at=[1])
        bench.notecard.request({"req": "hub.log", "text": "once"}, 1000)
        assert bench.requests("hub.log") == 1
        assert bench.engine.counters.replays == 1


def test_every_fault_of_a_reply_is_retried_over_both_links():
    for link in LINKS:
        for fault in (
            "drop double flip cut garbage trace odd-packets lost-reply lost-request request-drop "
            "request-double request-flip io-error heartbeat crc-off crc-lower crc-wrong crc-sequence latency"
        ).split():
            for seed in range(4):
                bench = Bench(link, seed=seed)
                expected = bench.notecard.request({"req": "hub.get"})
                bench.faults.set(fault, 0, at=[bench.faults.transaction + 1])
                assert bench.notecard.request({"req": "hub.get"}) == expected, (link, fault, seed)
                assert bench.faults.counts[fault] == 1
                assert bench.time.elapsed_ms < 40000
                assert bench.engine.violations == [] or fault.startswith("request-")


def test_every_fault_of_the_i2c_bus_is_retried():
    for fault, value, chance in (
        ("nack", None, 0.02),
        ("hang", None, 0.02),
        ("stale-header", 1, 0.02),
        ("stale-header", 3, 0.02),
        ("stale-header", 6, 0.02),
        ("bad-count", None, 0.02),
        ("absent", 3000, 0.02),
        # A resync is 40 transfers, and has 30 s: at 2 % a transfer the four absences of 8 s
        # in a row that end it in a clear error come every eleventh time, at 1 % every ninetieth.
        ("absent", 8000, 0.01),
    ):
        for seed in range(8):
            bench = Bench(seed=seed)
            expected = bench.notecard.request({"req": "hub.get"})
            bench.faults.set(fault, chance, value=value)
            for _ in range(30):
                assert bench.notecard.request({"req": "hub.get"}) == expected
            assert bench.sound()


def test_a_notecard_that_is_gone_is_said_to_be_within_seconds():
    for link in LINKS:
        bench = Bench(link)
        bench.faults.set("absent", 1, value=10000000)
        began = bench.time.elapsed_ms
        assert code_of(LinkError, bench.notecard.request, {"req": "hub.get"}) == "no-notecard"
        assert bench.time.elapsed_ms - began < 12000


def test_a_bus_that_hangs_is_said_to_be_within_seconds():
    bench = Bench()
    bench.faults.set("hang", 1)
    assert code_of(LinkError, bench.notecard.request, {"req": "hub.get"}) == "bus-fault"
    assert bench.time.elapsed_ms < 12000


def test_what_must_not_be_done_twice_is_sent_once_whatever_its_sending_meets():
    class Unsure(Script):
        def send(self, buf, n):
            super().send(buf, n)
            raise LinkError("bus-fault", "the last byte was not acknowledged")

    link = Unsure()
    notecard = Notecard(link, VirtualTime().clock(), Reply(64))
    assert code_of(LinkError, notecard.demand_once, {"req": "dfu.status", "stop": True}) == "bus-fault"
    assert len(link.sent) == 1
    assert code_of(LinkError, notecard.demand_once, {"req": "dfu.status", "stop": True}) == "bus-fault"
    assert link.resyncs == 2


def test_heartbeats_are_waited_out_and_never_answered():
    beat = b'{"err":"{heartbeat}","status":"testing"}\r\n'
    time, link, notecard = scripted(*[beat] * 20 + [b'{"text":"done"}\r\n'])
    assert notecard.request({"req": "echo"}) == {"text": "done"}
    assert len(link.sent) == 1


def test_heartbeats_without_end_are_a_fault():
    beat = b'{"err":"{heartbeat}"}\r\n'
    time, link, notecard = scripted(*[beat] * 2000)
    assert code_of(LinkError, notecard.request, {"req": "echo"}) == "no-reply"


def test_traces_and_blank_lines_before_the_reply_are_skipped():
    time, link, notecard = scripted(b"\r\n", b"# trace\r\n", b'{"text":"x"}\r\n')
    assert notecard.request({"req": "echo"}) == {"text": "x"}
    assert len(link.sent) == 1


def test_lines_without_end_and_without_json_are_a_fault():
    time, link, notecard = scripted(*[b"\r\n"] * 600 * 6)
    assert code_of(LinkError, notecard.request, {"req": "echo"}) == "bad-reply"


def test_io_errors_are_retried_and_others_are_not():
    for error, sends in (
        (b"corrupt {io}", 6),
        (b"what {io} {not-supported}", 1),
        (b"store {bad-bin} {io}", 1),
        (b"unknown {not-supported}", 1),
        (b"no such thing", 1),
    ):
        time, link, notecard = scripted(*[b'{"err":"' + error + b'"}\r\n'] * 6)
        if sends == 1:
            assert notecard.request({"req": "x"}) == {"err": error.decode()}
        else:
            assert code_of(LinkError, notecard.request, {"req": "x"}) == "card-io"
        assert len(link.sent) == sends


def test_a_crc_is_demanded_once_seen_but_never_of_an_error():
    bench = Bench()
    bench.notecard.request({"req": "hub.get"})
    bench.faults.set("crc-missing-on-err", 1)
    assert "err" in bench.notecard.request({"req": "card.nonsense"})
    bench.faults.set("crc-off", 1)
    assert code_of(LinkError, bench.notecard.request, {"req": "hub.get"}) == "bad-crc"


def test_a_firmware_without_crc_is_believed():
    for link in LINKS:
        bench = Bench(link, "5.x")
        for _ in range(3):
            assert "mode" in bench.notecard.request({"req": "hub.get"})
        assert bench.engine.counters.garbled == 0


def test_a_transaction_that_was_given_up_does_not_answer_the_next():
    for link in LINKS:
        for preset in ("5.x", "8.x"):
            bench = Bench(link, preset)
            bench.engine.latency_ms = 100
            text = bytearray(b'{"req":"card.version"}' + bytes(SPARE))
            bench.notecard.send(text, len(text) - SPARE)
            assert bench.notecard.request({"req": "hub.get"})["mode"] == "periodic"


def test_a_command_has_no_crc_and_no_reply():
    time, link, notecard = scripted()
    assert notecard.request({"cmd": "hub.sync"}) == {}
    assert b"crc" not in link.sent[0] and link.sent[0][-2:] == b"}\n"
    assert link.receives == 0
    for name in LINKS:
        bench = Bench(name)
        bench.notecard.request({"cmd": "hub.log", "text": "x"})
        assert bench.notecard.request({"req": "hub.get"})["mode"] == "periodic"
        assert bench.requests("hub.log") == 1


def test_what_can_not_be_sent_is_refused():
    time, link, notecard = scripted()
    for request in ({}, {"req": "a", "cmd": "b"}, {"req": "note.add", "payload": "x" * 8200}):
        assert code_of(RequestError, notecard.request, request) == "bad-request"
    assert link.sent == []


def test_a_request_of_8_kb_arrives_whole():
    for link in LINKS:
        bench = Bench(link)
        text = "".join([chr(65 + i % 26) for i in range(7900)])
        bench.notecard.request({"req": "note.add", "file": "a.qo", "body": {"text": text}})
        assert bench.requests("note.add") == 1
        assert bench.engine.counters.garbled == 0
        assert bench.engine.violations == []


def test_a_reply_longer_than_what_is_kept_is_cut_and_said_to_be():
    bench = Bench(limit=64)
    members = bench.notecard.request({"req": "hub.get"})
    assert members["mode"] == "periodic"
    assert not bench.notecard.truncated
    assert "text" not in bench.notecard.request({"req": "echo", "text": "x" * 200})
    assert bench.notecard.truncated


def test_an_error_is_raised_where_it_is_demanded():
    time, link, notecard = scripted(b'{"err":"not currently in the mood"}\r\n')
    assert code_of(RequestError, notecard.demand, {"req": "x"}) == "card-err"


def test_requests_that_say_how_long_they_take_are_waited_for():
    class Waits(Script):
        def receive(self, stage, timeout_ms):
            self.waited = timeout_ms
            super().receive(stage, timeout_ms)

    for request, timeout_ms in (
        ({"req": "hub.get", "seconds": 5}, 30000),
        ({"req": "note.add"}, 30000),
        ({"req": "note.add", "seconds": 45}, 45000),
        ({"req": "note.add", "milliseconds": 700, "seconds": 45}, 700),
        ({"req": "web.get"}, 90000),
        ({"req": "web.post", "seconds": 120}, 120000),
    ):
        link = Waits(b"{}\r\n")
        Notecard(link, VirtualTime().clock(), Reply(64)).request(request)
        assert link.waited == timeout_ms


def test_a_sleeping_notecard_is_woken_and_let_go_whatever_happens():
    class Waker:
        log = ""

        def start(self):
            self.log += "+"

        def stop(self):
            self.log += "-"

    waker = Waker()
    link = Script(b"{}\r\n", *[silence()] * 6)
    notecard = Notecard(link, VirtualTime().clock(), Reply(64), waker)
    notecard.request({"req": "x"})
    assert waker.log == "+-"
    code_of(LinkError, notecard.request, {"req": "x"})
    assert waker.log == "+-+-"
    notecard.request({"cmd": "x"})
    assert waker.log == "+-+-+-"

    def fail():
        raise LinkError("no-notecard", "nobody")

    notecard.distrust()
    link.resync = fail
    code_of(LinkError, notecard.request, {"req": "x"})
    code_of(LinkError, notecard.request, {"cmd": "x"})
    assert waker.log == "+-+-+-+-+-"
