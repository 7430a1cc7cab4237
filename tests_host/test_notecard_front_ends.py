"""The simulated Notecard's two ends, byte for byte, apart from the library."""

from check import raises
from simulated import Bench, image_bytes
from tools.notecard.cobs_encode import cobs_encode
from tools.notecard.i2c import ADDRESS, I2CBus, I2CFrontEnd
from tools.notecard.refusal import ProtocolViolation
from tools.notecard.serial import SerialFrontEnd, SerialPort

IMAGE = image_bytes(9000)
PROBE = b'{"req":"dfu.get","offset":0,"length":200}\n'


class Host:
    """A client of the bus that does what the protocol asks, and no more."""

    def __init__(self, front):
        self.front = front

    def send(self, line):
        self.front.write(ADDRESS, bytes([len(line)]) + line)

    def pull(self, n):
        self.front.write(ADDRESS, bytes([0, n]))
        return self.front.read(ADDRESS, n + 2)

    def all(self, most=253):
        """What is there until a packet says that nothing is left."""
        data, n = b"", 0
        while True:
            answer = self.pull(n)
            data += answer[2:]
            n = min(most, answer[0])
            if n == 0:
                return data


def host_of(bench, **knobs):
    return Host(I2CFrontEnd(bench.engine, **knobs))


def test_a_query_says_how_much_is_there_and_a_read_what_is_left():
    host = host_of(Bench())
    assert host.pull(0) == b"\0\0"
    line = b'{"req":"echo","text":"%s"}\n' % (b"x" * 280)
    host.send(line[:200])
    assert host.pull(0) == b"\0\0"
    host.send(line[200:])
    assert host.pull(0) == b"\xfd\0"
    first = host.pull(253)
    reply = b'{"text":"%s"}\r\n' % (b"x" * 280)
    assert first == bytes([len(reply) - 253, 253]) + reply[:253]
    assert host.pull(len(reply) - 253) == bytes([0, len(reply) - 253]) + reply[253:]
    assert host.pull(0) == b"\0\0"


def test_every_size_of_packet_gives_the_same_reply():
    bench = Bench()
    bench.ready(IMAGE)
    host = host_of(bench)
    host.send(PROBE)
    whole = host.all()
    for most in (1, 30, 127, 253):
        host.send(PROBE)
        assert host.all(most) == whole, most


def test_a_notecard_with_small_packets_announces_no_more():
    bench = Bench()
    bench.ready(IMAGE)
    host = host_of(bench, mtu=30)
    host.send(PROBE)
    assert host.pull(0) == b"\x1e\0"


def violated(bench, transaction, *args):
    count = len(bench.engine.violations)
    raises(ProtocolViolation, transaction, *args)
    assert len(bench.engine.violations) == count + 1


def test_more_than_was_announced_is_refused():
    bench = Bench()
    host = host_of(bench)
    host.send(b'{"req":"hub.set"}\n')
    violated(bench, host.pull, 4)
    assert host.pull(0) == b"\4\0"
    violated(bench, host.pull, 5)
    assert host.pull(4) == b"\0\4{}\r\n"
    violated(bench, host.pull, 1)


def test_framing_mistakes_are_refused():
    bench = Bench()
    front = I2CFrontEnd(bench.engine)
    for data in (b"\0", b"\0\0\0", b"\2a", b"\2abc", bytes([254]) + bytes(254), b"\0\1"):
        violated(bench, front.write, ADDRESS, data)
    violated(bench, front.read, ADDRESS, 2)
    for n in (1, 3, 255):
        front.write(ADDRESS, b"\0\0")
        violated(bench, front.read, ADDRESS, n)
    front.write(ADDRESS, b"\0\0")
    front.write(ADDRESS, b"\1\n")
    violated(bench, front.read, ADDRESS, 2)


def test_queries_without_a_pause_are_refused():
    bench = Bench()
    host = host_of(bench)
    for _ in range(400):
        host.pull(0)
        bench.time.advance(5)
    violated(bench, lambda: [host.pull(0) for _ in range(400)])


def test_another_address_is_not_acknowledged():
    front = I2CFrontEnd(Bench().engine)
    assert raises(OSError, front.write, 0x18, b"\1\n").args[0] == 5
    assert raises(OSError, front.read, 0x18, 2).args[0] == 5
    front.write(ADDRESS, b"")


def test_the_frame_is_offered_only_after_the_line():
    bench = Bench("9.1.1")
    bench.ready(IMAGE)
    host = host_of(bench)
    host.send(b'{"req":"dfu.get","length":300,"binary":true}\n')
    host.all()
    host.send(b'{"req":"card.binary.get","length":300}\n')
    line = host.all()
    assert line.startswith(b'{"status":"') and line.endswith(b'"}\r\n')
    frame = host.all()
    assert frame == bytes(cobs_encode(IMAGE[:300])) + b"\n"
    assert host.all() == b""


def test_a_bare_newline_ends_a_partial_request():
    bench = Bench()
    host = host_of(bench)
    host.send(b'{"req":"hub.s')
    host.send(b"\n")
    assert b"{io}" in host.all()
    host.send(b"\n")
    assert host.all() == b"\r\n"


def test_a_reply_takes_its_time():
    bench = Bench()
    bench.engine.latency_ms = 40
    host = host_of(bench)
    host.send(b'{"req":"hub.set"}\r\n')
    bench.time.advance(39)
    assert host.pull(0) == b"\0\0"
    bench.time.advance(1)
    assert host.pull(0) == b"\4\0"


def test_a_read_that_comes_too_soon_gets_the_answer_before():
    bench = Bench()
    host = host_of(bench, stage_ms=2)
    bench.time.advance(10)
    host.send(b'{"req":"hub.set"}\n')
    assert host.pull(0) == b"\0\0"
    host.front.write(ADDRESS, b"\0\0")
    bench.time.advance(2)
    assert host.front.read(ADDRESS, 2) == b"\4\0"


def test_the_bus_takes_time_and_fills_the_callers_buffer():
    bench = Bench()
    bus = I2CBus(I2CFrontEnd(bench.engine), bench.time.advance)
    buf = bytearray(255)
    line = b'{"req":"echo","text":"%s"}\n' % (b"y" * 220)
    buf[0] = len(line)
    buf[1 : 1 + len(line)] = line
    bus.write(ADDRESS, buf, 1 + len(line))
    assert bench.time.elapsed_ms == (2 + len(line)) * 90 // 1000
    buf[0:2] = b"\0\0"
    bus.write(ADDRESS, buf, 2)
    bus.read(ADDRESS, memoryview(buf), 2)
    assert (buf[0], buf[1], len(buf)) == (len(line) - 1 - 14 + 2 + 1, 0, 255)


def port_of(bench, baud=9600, rxbuf=4096):
    return SerialPort(SerialFrontEnd(bench.engine, baud), bench.time.advance, baud or 9600, rxbuf)


def received(port):
    buf = bytearray(4096)
    n = port.readinto(buf, 4096)
    return bytes(buf[:n])


def test_uart_bytes_come_at_their_rate():
    bench = Bench()
    bench.ready(IMAGE)
    port = port_of(bench)
    start = bench.time.elapsed_ms
    port.write(PROBE, len(PROBE))
    assert bench.time.elapsed_ms - start == len(PROBE) * 10000 // 9600
    assert port.any() == 0
    bench.time.advance(100)
    assert port.any() == 96
    early = received(port)
    bench.time.advance(1000)
    reply = early + received(port)
    assert reply.startswith(b'{"payload":"') and reply.endswith(b'"}\r\n')
    assert port.overruns == 0


def test_uart_bytes_that_nobody_fetches_are_lost():
    bench = Bench()
    bench.ready(IMAGE)
    port = port_of(bench, rxbuf=64)
    port.write(PROBE, len(PROBE))
    bench.time.advance(2000)
    assert port.any() == 64
    assert port.overruns > 200
    assert len(received(port)) == 64
    assert port.any() == 0


def test_a_uart_without_a_rate_loses_nothing():
    bench = Bench()
    bench.ready(IMAGE)
    port = port_of(bench, baud=None, rxbuf=64)
    port.write(PROBE, len(PROBE))
    reply = b""
    while port.any():
        reply += received(port)
    assert reply.endswith(b'"}\r\n') and port.overruns == 0


def test_a_wrong_rate_gives_garbage():
    bench = Bench()
    port = SerialPort(SerialFrontEnd(bench.engine, 9600), bench.time.advance, 115200)
    port.write(b"\n", 1)
    bench.time.advance(100)
    assert port.any() == 0
    port.front.write(b"\n")
    bench.time.advance(1000)
    reply = received(port)
    assert len(reply) > 20 and b"{" not in reply and bench.engine.counters.garbled == 1


def test_the_frame_follows_the_line_on_uart():
    bench = Bench("9.1.1")
    bench.ready(IMAGE)
    port = port_of(bench, baud=None)
    for line in (
        b'{"req":"dfu.get","length":300,"binary":true}\n',
        b'{"req":"card.binary.get","length":300}\r\n',
    ):
        port.write(line, len(line))
        reply = received(port)
    line, _, frame = reply.partition(b"\r\n")
    assert line.endswith(b'"}') and frame == bytes(cobs_encode(IMAGE[:300])) + b"\n"


def test_bytes_on_the_wire_are_counted():
    bench = Bench()
    host = host_of(bench)
    host.send(b'{"req":"hub.set"}\n')
    host.all()
    assert (bench.engine.counters.wire_in, bench.engine.counters.wire_out) == (19 + 2 + 2, 2 + 6)
    bench = Bench()
    port = port_of(bench, baud=None)
    port.write(b"\n", 1)
    assert received(port) == b"\r\n"
    assert (bench.engine.counters.wire_in, bench.engine.counters.wire_out) == (1, 2)
