"""The simulated Notecard as a program, on a pty, and behind a stream of bus transactions."""

import json
import signal
import socket
import subprocess
import sys
import time

import pytest
import serial

from simulated import image_bytes
from tools import paths
from tools.notecard import __main__ as program
from tools.notecard import presets, remote
from tools.notecard.engine import Engine
from tools.notecard.faults import NAMES
from tools.notecard.i2c import ADDRESS
from tools.notecard.offer import md5_hex
from tools.notecard.server import Server, wall_clock


def start(*arguments):
    command = [sys.executable, "-m", "tools.notecard", "--uart", *arguments]
    return subprocess.Popen(
        command, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def exchange(port, line):
    port.write(line + b"\n")
    return port.readline()


def test_the_program_serves_an_image_until_it_is_told_to_stop(tmp_path):
    image, transcript = tmp_path / "app.img", tmp_path / "transcript.jsonl"
    image.write_bytes(image_bytes(3000))
    process = start("--image", str(image), "--download-ms", "0", "--transcript", str(transcript))
    try:
        with serial.Serial(process.stdout.readline().strip(), 9600, timeout=5) as port:
            assert exchange(port, b"") == b"\r\n"
            body = json.loads(exchange(port, b'{"req":"dfu.status"}'))["body"]
            assert (body["source"], body["md5"]) == ("app.img", md5_hex(image_bytes(3000)))
            assert b'"payload"' in exchange(port, b'{"req":"dfu.get","offset":2000,"length":1000}')
            port.write(b'{"cmd":"hub.set","mode":"off"}\n')
            assert json.loads(exchange(port, b'{"req":"hub.get"}'))["mode"] == "off"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()
    records = [json.loads(line) for line in transcript.read_text().splitlines()]
    assert [list(record) for record in records] == [
        ["t_ms", "req", "rsp"],
        ["t_ms", "req", "rsp"],
        ["t_ms", "cmd"],
        ["t_ms", "req", "rsp"],
    ]
    assert records[1]["rsp"]["payload"] == "(1336 characters)"


def test_the_program_tells_of_broken_rules_when_it_ends():
    process = start()
    try:
        with serial.Serial(process.stdout.readline().strip(), 9600, timeout=5) as port:
            exchange(port, b'{"req":"dfu.get","lenght":0}')
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "violation: dfu.get has no argument lenght" in said


def test_the_command_line_names_faults_with_rate_and_value():
    assert program.fault("latency=0.5:900") == ("latency", 0.5, 900)
    assert program.fault("drop=0.01") == ("drop", 0.01, None)
    assert program.fault("crc-off") == ("crc-off", 1.0, None)
    with pytest.raises(SystemExit):
        program.arguments(["--fault", "droop=1"])
    options = program.arguments(["--fault", "crc-off=1", "--preset", "9.1.1", "--latency-ms", "7"])
    engine = program.engine_of(options, None)
    assert engine.latency_ms == 7 and engine.faults.hit("crc-off")


def test_what_can_not_be_served_is_told_in_a_sentence(tmp_path, capsys):
    for said in (["--image", str(tmp_path / "none.img")], ["--transcript", str(tmp_path / "none" / "file")]):
        assert program.main(said) == 1
        assert "notecard: [Errno 2] No such file or directory: " in capsys.readouterr().err
    for said in (["--fault", "flip=2"], ["--baud", "0"], ["--latency-ms", "-1"]):
        with pytest.raises(SystemExit):
            program.main(said)
        assert "is no" in capsys.readouterr().err


def test_the_program_lists_every_fault(capsys):
    assert program.main(["--list-faults"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(NAMES)


def test_the_page_names_every_option_and_every_generation():
    page = (paths.ROOT / "docs" / "SIMULATOR.md").read_text()
    for name in vars(program.arguments([])):
        assert "--" + name.replace("_", "-") in page, name
    for name in presets.NAMES:
        version = "%d.%d.%d" % presets.preset(name).release
        assert "| `%s` | %s |" % (name, version) in page, name


class Board:
    """A board's end of the stream of bus transactions."""

    def __init__(self, stream):
        self._stream = stream

    def call(self, op, address, n, data=b""):
        self._stream.sendall(remote.HEAD.pack(op, address, n) + data)
        status = self._stream.recv(1)[0]
        answer = b""
        while op == b"R" and status == 0 and len(answer) < n:
            answer += self._stream.recv(n - len(answer))
        return status, answer


@pytest.fixture
def served():
    server = Server(Engine(wall_clock()))
    here, there = socket.socketpair()
    server.serve_i2c(there)
    with here:
        yield server, Board(here)
        server.close()


def test_a_board_in_another_process_reaches_the_bus(served):
    server, board = served
    line = b'{"req":"hub.set","mode":"off"}\n'
    assert board.call(b"W", ADDRESS, len(line) + 1, bytes([len(line)]) + line) == (0, b"")
    assert board.call(b"W", ADDRESS, 2, b"\0\0") == (0, b"")
    assert board.call(b"R", ADDRESS, 2) == (0, b"\4\0")
    assert board.call(b"W", ADDRESS, 2, b"\0\4") == (0, b"")
    assert board.call(b"R", ADDRESS, 6) == (0, b"\0\4{}\r\n")
    with server.lock:
        assert server.engine.hub.mode == "off"


def test_a_board_that_was_reset_finds_the_bytes_that_waited(served):
    server, board = served
    board.call(b"W", ADDRESS, 2, b"\1\n")
    here, there = socket.socketpair()
    server.serve_i2c(there)
    with here:
        again = Board(here)
        again.call(b"W", ADDRESS, 2, b"\0\0")
        assert again.call(b"R", ADDRESS, 2) == (0, b"\2\0")


def test_a_board_that_ends_in_the_middle_of_a_frame_does_no_harm(served):
    server, _ = served
    here, there = socket.socketpair()
    server.serve_i2c(there)
    here.sendall(remote.HEAD.pack(b"W", ADDRESS, 9) + b"\10abc")
    here.close()
    while there.fileno() >= 0:
        time.sleep(0.01)
    assert server.engine.violations == []


def test_a_board_that_is_killed_before_an_answer_does_no_harm(served):
    server, _ = served
    here, there = socket.socketpair()
    here.sendall(50 * (remote.HEAD.pack(b"W", ADDRESS, 2) + b"\0\0"))
    with server.lock:
        server.serve_i2c(there)
        here.close()
    while there.fileno() >= 0:
        time.sleep(0.01)
    assert server._failure is None


def test_a_nack_and_a_violation_are_errors_to_the_board(served):
    server, board = served
    assert board.call(b"W", 0x20, 2, b"\0\0") == (5, b"")
    assert server.engine.violations == []
    assert board.call(b"R", ADDRESS, 2) == (5, b"")
    assert len(server.engine.violations) == 1
    server.engine.faults.set("hang", 1.0)
    assert board.call(b"W", ADDRESS, 2, b"\0\0") == (110, b"")


def test_a_paced_pty_is_as_slow_as_its_rate():
    server = Server(Engine(wall_clock()))
    try:
        with serial.Serial(server.open_pty(9600), 9600, timeout=5) as port:
            start = time.monotonic()
            reply = exchange(port, b'{"req":"echo","text":"%s"}' % (b"x" * 200))
            took = time.monotonic() - start
        assert took > len(reply) * 10 / 9600 - 0.02
    finally:
        server.close()


def test_a_server_passes_on_what_its_thread_failed_of():
    server = Server(Engine(wall_clock()))
    here, there = socket.socketpair()
    server.serve_i2c(there)
    here.sendall(b"XXXX")
    while server._failure is None:
        time.sleep(0.01)
    with pytest.raises(ValueError, match="out of step"):
        server.close()
    here.close()
