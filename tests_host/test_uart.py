from check import code_of
from fakecard import Serial, Talk, text
from notedfu.errors import LinkError
from notedfu.uart import UartLink


class Setup(Talk):
    def __init__(self, answer=lambda line: b"{}\r\n", latency_ms=0, rate=12):
        super().__init__(answer, latency_ms)
        self.serial = Serial(self.time, self.card, rate)
        self.link = UartLink(self.serial, self.time.clock())


def test_replies_come_whole_at_every_rate():
    for rate in (1, 12, 1000):
        for length in (0, 255, 256, 257, 3000):
            setup = Setup(lambda line, n=length: text(n) + b"\r\n", rate=rate)
            assert setup.talk() == text(length) + b"\r\n"


def test_requests_go_out_in_segments_with_a_pause_between_and_none_after():
    setup = Setup()
    setup.link.send(text(600) + b"\n", 601)
    assert setup.serial.journal == [(0, 250), (250, 250), (500, 101)]
    assert setup.time.elapsed_ms == 500
    assert setup.card.lines == [text(600)]


def test_no_look_lets_more_than_a_default_receive_buffer_pile_up():
    setup = Setup(lambda line: text(5000) + b"\r\n", latency_ms=300)
    sizes = []
    readinto = setup.serial.readinto

    def watched(buf, n):
        sizes.append(n)
        return readinto(buf, n)

    setup.serial.readinto = watched
    setup.talk()
    assert max(sizes) <= 120


def test_what_follows_the_newline_is_the_next_line():
    setup = Setup(lambda line: b"{json}\r\n" + text(700) + b"\n", rate=1000)
    assert setup.talk() == b"{json}\r\n"
    assert setup.listen() == text(700) + b"\n"


def test_what_is_left_over_is_dropped_before_the_next_request():
    setup = Setup(lambda line: b"{}\r\n{late}\r\n", rate=1000)
    setup.talk()
    setup.card.answer = lambda line: b"{2}\r\n"
    assert setup.talk() == b"{2}\r\n"


def test_silence_ends_at_the_deadline():
    setup = Setup(lambda line: b"")
    assert code_of(LinkError, setup.talk, b"{}", 5000) == "no-reply"
    assert 5000 <= setup.time.elapsed_ms <= 5020


def test_a_line_that_stops_in_the_middle_ends_a_second_later():
    setup = Setup(lambda line: text(400))
    assert code_of(LinkError, setup.talk) == "short-reply"
    assert setup.time.elapsed_ms <= 1100


def test_babble_is_bounded_everywhere():
    setup = Setup()
    setup.serial.any = lambda: 200
    setup.serial.readinto = lambda buf, n: n
    assert code_of(LinkError, setup.listen) == "bad-reply"
    assert code_of(LinkError, setup.talk) == "bus-fault"
    setup.serial.readinto = lambda buf, n: setup.time.advance(1) or n
    began = setup.time.elapsed_ms
    assert code_of(LinkError, setup.link.resync) == "bus-fault"
    assert setup.time.elapsed_ms - began < 30500


def test_bytes_that_only_trickle_end_in_minutes():
    """64 KiB of them, each within the second that is allowed, would take 16 hours."""
    setup = Setup()
    setup.serial.any = lambda: setup.time.elapsed_ms // 900 - len(setup.serial.journal)
    setup.serial.readinto = lambda buf, n: setup.serial.journal.append(n) or 1
    assert code_of(LinkError, setup.listen) == "bad-reply"
    assert 150000 <= setup.time.elapsed_ms <= 151000


def test_resync_takes_its_documented_pauses_and_drops_what_comes():
    setup = Setup()
    setup.serial.noise = b"boot trace\r\n"
    setup.card.take(b'{"req":"ha')
    setup.link.resync()
    assert setup.time.elapsed_ms <= 2000
    assert setup.card.lines[1:] == [
        b""
    ]  # the blank line after the noise did not count, the one of its own did
    setup.card.lines.clear()
    assert setup.talk(b"{2}") == b"{}\r\n"
    assert setup.card.lines == [b"{2}"]


def test_a_blank_line_behind_noise_does_not_end_a_resync():
    setup = Setup()
    setup.serial.noise = b"boot trace\r\n"
    setup.link.resync()
    assert setup.card.lines == [b"", b""]


def test_resync_outlasts_a_stale_reply_of_11_kb_at_9600_baud():
    setup = Setup(lambda line: text(11000) + b"\r\n", rate=1)
    setup.link.send(b"{}\n", 3)
    setup.link.resync()
    assert setup.time.elapsed_ms <= 14000


def test_resync_says_that_nobody_is_there():
    setup = Setup()
    setup.card.take = lambda data: None
    assert code_of(LinkError, setup.link.resync) == "no-notecard"
    assert setup.time.elapsed_ms <= 11000


def test_a_port_that_fails_is_a_bus_fault_whatever_it_says():
    for args in ((5,), (), ("parity",), (110, "timeout")):

        def fail(*_, args=args):
            raise OSError(*args)

        setup = Setup()
        setup.serial.write = fail
        assert code_of(LinkError, setup.talk) == "bus-fault"
        setup.serial.any = fail
        assert code_of(LinkError, setup.listen) == "bus-fault"


def test_a_port_that_says_none_has_nothing():
    setup = Setup(lambda line: b"")
    setup.serial.any = lambda: 4
    setup.serial.readinto = lambda buf, n: None
    assert code_of(LinkError, setup.listen, 100) == "no-reply"
