from errno import EIO, ETIMEDOUT

from check import code_of
from fakecard import Bus, Talk, text
from notedfu.errors import LinkError
from notedfu.i2c import I2CLink, portable_gather
from notedfu.twins import twin


class Setup(Talk):
    def __init__(self, answer=lambda line: b"{}\r\n", latency_ms=0, mtu=253, **options):
        super().__init__(answer, latency_ms)
        self.bus = Bus(self.time, self.card, mtu)
        self.link = I2CLink(self.bus, self.time.clock(), mtu=mtu, **options)


def test_replies_of_every_length_around_the_mtu_come_whole():
    for mtu in (253, 127, 30, 1):
        lengths = [2, mtu - 2, mtu - 1, mtu, mtu + 1, 2 * mtu, 2 * mtu + 1, 600]
        for length in [length for length in lengths if length >= 0]:
            setup = Setup(lambda line, n=length: text(n) + b"\r\n", mtu=mtu)
            assert setup.talk() == text(length) + b"\r\n"


def test_requests_longer_than_the_mtu_arrive_in_chunks_with_their_pauses():
    setup = Setup(mtu=30)
    setup.talk(text(299))
    assert setup.card.lines == [text(299)]
    at = [ms for ms, what, n in setup.bus.journal if what == "write" and n > 2]
    gaps = [b - a for a, b in zip(at, at[1:])]
    assert gaps == [20] * 8 + [250]  # nine chunks of 30 bytes are the first that pass 250


def test_a_chunk_of_253_bytes_is_a_segment_of_its_own():
    setup = Setup()
    setup.talk(text(505))
    at = [ms for ms, what, n in setup.bus.journal if what == "write" and n > 2]
    assert at[1] - at[0] == 250


def test_the_first_query_comes_20_ms_after_the_request_then_every_10_then_every_50():
    setup = Setup(latency_ms=400)
    assert setup.talk() == b"{}\r\n"
    writes = [(ms, n) for ms, what, n in setup.bus.journal if what == "write"]
    sent = writes[0][0]
    queries = [ms - sent for ms, n in writes[1:]]
    assert queries[0] == 20
    steps = [b - a for a, b in zip(queries, queries[1:-1])]
    assert min(steps) >= 10 and max(steps[:7]) <= 13 and 50 <= max(steps) <= 53
    assert len(queries) < 20


def test_the_count_in_the_header_saves_the_queries_between_pieces():
    setup = Setup(lambda line: text(1000) + b"\r\n")
    setup.talk()
    reads = [n for ms, what, n in setup.bus.journal if what == "read"]
    assert reads == [2, 255, 255, 255, 245]


def test_time_spent_between_request_and_reply_counts_for_the_first_query():
    setup = Setup()
    setup.link.send(b"{}\n", 3)
    setup.time.advance(19)
    before = setup.time.elapsed_ms
    setup.listen()
    assert setup.bus.journal[1][0] - before <= 2


def test_two_lines_that_come_together_are_two_lines():
    setup = Setup(lambda line: b"{first}\r\n{second}\r\n")
    assert setup.talk() == b"{first}\r\n"
    assert setup.listen() == b"{second}\r\n"


def test_a_line_and_the_frame_behind_it_come_one_after_the_other():
    setup = Setup(lambda line: [b"{json}\r\n", text(700) + b"\n"])
    assert setup.talk() == b"{json}\r\n"
    assert setup.listen() == text(700) + b"\n"


def test_what_is_left_over_is_dropped_before_the_next_request():
    replies = [text(300) + b"\r\n" + text(900) + b"\r\n", b"{}\r\n"]
    setup = Setup(lambda line: replies.pop(0))
    setup.talk()
    assert setup.talk() == b"{}\r\n"


def test_silence_ends_at_the_deadline():
    setup = Setup(lambda line: b"")
    assert code_of(LinkError, setup.talk, b"{}", 5000) == "no-reply"
    assert 5000 <= setup.time.elapsed_ms <= 5200


def test_a_line_that_stops_in_the_middle_ends_a_second_later():
    setup = Setup(lambda line: text(400))
    assert code_of(LinkError, setup.talk) == "short-reply"
    assert setup.time.elapsed_ms <= 1300


def test_babble_without_a_newline_is_bounded():
    setup = Setup(lambda line: [text(250)] * 600)
    assert code_of(LinkError, setup.talk) == "bad-reply"


def test_a_notecard_that_does_not_acknowledge_a_query_is_waited_for():
    setup = Setup()
    setup.link.send(b"{}\n", 3)
    setup.bus.nack(3)
    assert setup.listen() == b"{}\r\n"
    assert 3000 <= setup.time.elapsed_ms <= 3200


def test_a_fault_anywhere_among_packets_loses_no_byte_of_them():
    reply = text(900) + b"\r\n"
    for gather in (portable_gather, twin("gather", portable_gather)):
        for packets in (1, 2, 4, 8):
            for at in range(1, 20):
                setup = Setup(lambda line: reply, mtu=100, packets=packets, gather=gather)
                setup.bus.faults = [None] * at + [OSError(EIO)]
                assert setup.talk() == reply
                assert not setup.bus.faults


def test_the_gather_that_is_given_is_the_one_that_runs():
    runs = []

    def counted(*args):
        runs.append(1)
        return portable_gather(*args)

    setup = Setup(gather=counted)
    assert setup.talk() == b"{}\r\n"
    assert runs


def test_a_bus_that_never_acknowledges_is_a_fault_in_seconds():
    setup = Setup()
    setup.link.send(b"{}\n", 3)
    setup.bus.nack(1000)
    assert code_of(LinkError, setup.listen) == "bus-fault"
    assert setup.time.elapsed_ms <= 3200


def test_a_chunk_that_is_not_acknowledged_is_a_fault_at_once():
    setup = Setup()
    setup.bus.nack(1)
    assert code_of(LinkError, setup.talk) == "bus-fault"
    assert setup.time.elapsed_ms < 100


def turns(setup):
    """The pauses between asking and reading, in ms."""
    at = [ms for ms, what, n in setup.bus.journal if n == 2 or what == "read"]
    return [read - write for write, read in zip(at[0::2], at[1::2])]


def test_asking_and_reading_are_one_transaction_unless_the_gap_is_set_wider():
    setup = Setup()
    setup.talk()
    assert turns(setup) == [0, 0]
    setup = Setup(gap_ms=3)
    setup.talk()
    assert turns(setup) == [3, 3]


def test_a_notecard_that_is_read_too_soon_is_given_more_time_up_to_25_ms():
    setup = Setup()
    for expected in (2, 4, 8, 16, 25, 25):
        setup.bus.stale_reads = 1
        assert code_of(LinkError, setup.talk) == "bad-packet"
        setup.link.resync()
        assert setup.talk() == b"{}\r\n"
        assert turns(setup)[-1] == expected


def test_a_stale_header_is_recognised_and_widens_the_pause_before_reading():
    setup = Setup()
    setup.bus.stale_reads = 1
    assert code_of(LinkError, setup.talk) == "bad-packet"
    setup.link.resync()
    assert setup.talk() == b"{}\r\n"
    write, read = [ms for ms, what, n in setup.bus.journal][-2:]
    assert read - write == 2


def test_resync_drops_a_half_request_and_a_half_fetched_reply():
    setup = Setup(lambda line: text(2000) + b"\r\n")
    setup.link.send(b"{}\n", 3)
    setup.time.advance(50)
    setup.link._take()
    setup.card.take(b'{"req":"ha')
    setup.link.resync()
    setup.card.answer = lambda line: b"{}\r\n"
    assert setup.talk(b"{2}") == b"{}\r\n"
    assert setup.card.lines[-1] == b"{2}"


def test_resync_of_a_quiet_notecard_takes_its_documented_pauses_and_no_more():
    setup = Setup()
    setup.link.resync()
    assert 750 <= setup.time.elapsed_ms <= 800


def test_resync_waits_for_a_notecard_that_is_busy():
    setup = Setup()
    setup.bus.nack(5)
    setup.link.resync()
    assert 5750 <= setup.time.elapsed_ms <= 5800


def test_resync_says_that_nobody_is_there():
    setup = Setup()
    setup.bus.nack(1000)
    assert code_of(LinkError, setup.link.resync) == "no-notecard"
    assert setup.time.elapsed_ms <= 11000


def test_resync_says_that_the_bus_hangs():
    setup = Setup()
    setup.bus.faults = [OSError(ETIMEDOUT)] * 1000
    assert code_of(LinkError, setup.link.resync) == "bus-fault"
    assert setup.time.elapsed_ms <= 11000


def test_resync_of_a_notecard_that_never_gives_a_blank_line_ends():
    setup = Setup()
    setup.card.take = lambda data: setup.card.output.append(b"noise")
    assert code_of(LinkError, setup.link.resync) == "bus-fault"
    assert setup.time.elapsed_ms <= 31000


def test_a_notecard_that_answers_nonsense_is_not_said_to_be_absent():
    setup = Setup()
    setup.bus.stale_reads = 1000
    assert code_of(LinkError, setup.link.resync) == "bus-fault"
    assert setup.time.elapsed_ms <= 31000


def test_resync_survives_faults_while_it_drains():
    setup = Setup()
    setup.bus.faults = [None, None, OSError(EIO), None, OSError(EIO), OSError(EIO)]
    setup.link.resync()
    assert setup.talk() == b"{}\r\n"


def test_no_transfer_is_longer_than_the_mtu_allows():
    setup = Setup(lambda line: text(1500) + b"\r\n", mtu=30)
    setup.talk(text(100))
    assert max(n for ms, what, n in setup.bus.journal if what == "read") == 32
    assert max(n for ms, what, n in setup.bus.journal if what == "write") == 31
