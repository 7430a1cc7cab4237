"""The virtual board, apart from the library that it will judge."""

import errno
import hashlib
import os
import select
import shutil
import socket
import struct
import threading
import time
import tty
import zlib

import pytest

from tools.board import __main__ as program
from tools.board.geometry import Geometry
from tools.board.inspect import FlashImage
from tools.board.supervisor import Board, BoardError

SMALL = Geometry(filesystem=32 * 4096, staging=16 * 4096)
PROMPT = ">>> "
SURVIVOR = """
import machine, time
try:
    while True:
        try:
            print("alive")
            {deed}
            while True:
                time.sleep_ms(5)
        except BaseException as error:
            print("caught", error)
finally:
    print("finally")
"""


@pytest.fixture
def make_board(tmp_path):
    boards = []

    def make(**settings):
        settings.setdefault("geometry", SMALL)
        board = Board(tmp_path / "flash.bin", **settings)
        boards.append(board)
        return board

    yield make
    for board in boards:
        board.close()


@pytest.fixture
def put(tmp_path):
    """put(board, name=text, ...) copies name.py files onto a running board by mpremote."""

    def put(board, **files):
        command = []
        for name, text in files.items():
            path = tmp_path / (name + ".py")
            path.write_text(text)
            command += ["cp", path, ":%s.py" % name, "+"]
        board.mpremote(*command[:-1])

    return put


def on(board):
    board.start().wait_for(PROMPT)
    return board


def restart(board):
    """Power off and on; returns what the new boot printed until its prompt."""
    board.stop()
    board.console.seek_end()
    board.start()
    return board.wait_for(PROMPT)


# order of the boot


def test_a_new_flash_is_formatted_and_boots_to_the_prompt(make_board):
    board = on(make_board())
    assert board.wait_reset() == "power"
    assert board.mpremote("exec", "import os; print(os.listdir('/'), os.getcwd())") == "[] /\n"


def test_boot_py_runs_before_main_py_and_its_globals_stay(make_board, put):
    board = on(make_board())
    put(board, boot="print('this is boot'); x = 7", main="print('this is main', x, __name__)")
    shown = restart(board)
    assert shown.index("this is boot") < shown.index("this is main 7 __main__")
    assert "7" in board.mpremote("resume", "exec", "print(x)")


def test_an_exception_in_boot_py_skips_main_py(make_board, put):
    board = on(make_board())
    put(board, boot="print('this is boot'); 1/0", main="print('this is main')")
    shown = restart(board)
    assert "ZeroDivisionError" in shown and "boot.py" in shown
    assert "this is main" not in shown


def test_an_exception_in_main_py_leads_to_the_prompt(make_board, put):
    board = on(make_board())
    put(board, main="raise ValueError('oh')")
    assert "ValueError: oh" in restart(board)
    assert len(board.resets) == 3  # power, mpremote's soft reset, power


def test_system_exit_is_a_soft_reset(make_board, put):
    board = on(make_board())
    main = "import os, sys\nif 'once' not in os.listdir():\n  open('once', 'w').close()\n  sys.exit()\n"
    main += "print('2nd')"
    put(board, main=main)
    shown = restart(board)
    assert "MPY: soft reboot" in shown and "2nd" in shown
    assert [cause for _, cause in board.resets[-2:]] == ["power", "soft"]


def test_power_lost_in_the_raw_repl_comes_back_in_the_friendly_one(make_board, put):
    board = on(make_board())
    put(
        board,
        main="import os, sys\nif 'raw' in os.listdir():\n  os.remove('raw')\n  sys.exit()\nprint('2nd')",
    )
    board.console.seek_end()
    board.mpremote("exec", "open('raw', 'w').close()")
    board.type("\x01")
    board.wait_for("raw REPL; CTRL-B to exit")
    assert "2nd" in restart(board)
    assert [cause for _, cause in board.resets[-2:]] == ["power", "soft"]


def test_ctrl_d_is_a_soft_reset_and_runs_main_py(make_board, put):
    board = on(make_board())
    put(board, main="print('this is main')")
    restart(board)
    board.type("\x04")
    assert "this is main" in board.wait_for(PROMPT)
    assert board.resets[-1][1] == "soft"


def test_a_soft_reset_in_the_raw_repl_runs_boot_py_alone(make_board, put):
    board = on(make_board())
    put(board, boot="print('this is boot')", main="print('this is main')")
    restart(board)
    board.mpremote("exec", "print('raw')")  # soft resets by itself
    board.wait_for("raw REPL")
    shown = board.wait_for("raw REPL")
    assert "this is boot" in shown and "this is main" not in shown


def test_ctrl_c_interrupts_main_py(make_board, put):
    board = on(make_board())
    put(board, main="print('on')\nwhile True: pass")
    board.stop()
    board.start().wait_for("on\n")
    board.type("\x03")
    assert "KeyboardInterrupt" in board.wait_for(PROMPT)


def test_ctrl_c_interrupts_a_program_that_has_not_been_heard_to_take_it(make_board, put):
    board = on(make_board())
    put(board, main="print('on')\nwhile True: pass")
    board.stop()
    board.start().wait_for("on\n")
    board._life.takes_ctrl_c = None  # as where its output comes a moment before what it tells
    board.type("\x03")
    board._life.takes_ctrl_c = True
    assert "KeyboardInterrupt" in board.wait_for(PROMPT)


# what ends it from outside


@pytest.mark.parametrize("cause", ("reset", "watchdog", "deepsleep", "cut", "button", "power_now"))
def test_nothing_survives_what_ends_the_board(make_board, put, cause):
    deeds = {
        "reset": "machine.reset()",
        "watchdog": "machine.WDT(timeout=60)",
        "deepsleep": "machine.deepsleep(50)",
        "cut": "[open('file', 'w').close() for _ in range(50)]",
    }
    board = on(make_board())
    main = "import machine, os\nprint('cause', machine.reset_cause())\nif 'over' not in os.listdir():\n"
    main += "  open('over', 'w').close()\n  import survivor"
    put(board, main=main, survivor=SURVIVOR.format(deed=deeds.get(cause, "pass")))
    board.stop()
    board.console.seek_end()
    board.start().wait_reset("power")
    if cause == "cut":
        board.wait_for("cause 1")
        board.power_cut(at_operation=4)
    board.wait_for("alive")
    if cause == "button":
        board.press_reset()
    if cause == "power_now":
        board.power_cut()
    expected = "cut" if cause == "power_now" else cause
    assert board.wait_reset() == expected
    shown = board.wait_for(PROMPT)
    assert "caught" not in shown and "finally" not in shown
    assert "cause %d" % (1 if expected in ("cut", "button") else 3) in shown


def test_a_watchdog_that_is_fed_does_not_bite_and_lives_through_a_soft_reset(make_board):
    board = on(make_board())
    code = (
        "import machine, time; w = machine.WDT(timeout=400)\nfor i in range(12): time.sleep_ms(50); w.feed()"
    )
    board.mpremote("exec", code)
    assert board.counters()["boots"].get("watchdog") is None
    assert board.counters()["feeds"] == 12
    board.type("\x04")
    assert board.wait_reset("watchdog", timeout_s=2) == "watchdog"


def test_the_pty_and_mpremote_outlive_a_reset(make_board):
    board = on(make_board())
    path = board.pty
    board.mpremote("reset")
    assert board.wait_reset("reset") == "reset"
    board.wait_for(PROMPT)
    assert board.pty == path
    assert board.mpremote("exec", "print(1 + 1)") == "2\n"


def test_a_flash_violation_stops_the_board_and_is_told(make_board):
    board = on(make_board())
    code = "import rp2; rp2.Flash(start=%d, len=4096).writeblocks(0, bytes(256), 0)" % SMALL.filesystem
    board.mpremote("exec", "--no-follow", code)  # erased, so this is allowed
    board.mpremote("resume", "exec", "--no-follow", code)
    with pytest.raises(BoardError, match="not erased"):
        board.wait_reset("nothing")


def test_a_cut_tears_the_program_and_the_next_boot_finds_it_so(make_board):
    board = on(make_board())
    region = "import rp2; f = rp2.Flash(start=%d, len=65536)\n" % SMALL.filesystem
    board.mpremote("exec", region + "f.ioctl(6, 2); f.writeblocks(2, b'a' * 256, 0)")
    board.power_cut(at_operation=2, how="torn", seed=3)
    board.mpremote("resume", "exec", "--no-follow", "f.ioctl(6, 3); f.writeblocks(3, b'b' * 512, 0)")
    board.wait_reset("cut")
    code = region + "b = bytearray(4096); f.readblocks(3, b); print(b.count(b'b'), b.count(b'\\xff'))"
    torn, blank = map(int, board.mpremote("exec", code).split())
    assert 0 < torn < 512 and torn + blank == 4096
    board.stop()
    image = FlashImage(board.flash_file, SMALL)
    assert image.region(2 * 4096, 257) == b"a" * 256 + b"\xff"
    assert image.region(3 * 4096).count(b"b") == torn
    assert image.region_crc32(4096) == zlib.crc32(b"\xff" * 4096)


# mpremote and the filesystem


@pytest.mark.parametrize("fs", ("lfs2", "fat"))
def test_files_come_by_mpremote_and_stay_over_power_cycles(make_board, tmp_path, fs):
    geometry = Geometry(filesystem=64 * 4096, staging=4096, fs=fs)
    board = on(make_board(geometry=geometry))
    data = os.urandom(9000)
    (tmp_path / "data.bin").write_bytes(data)
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "module.py").write_text("print('imported')\n")
    board.mpremote("cp", tmp_path / "data.bin", ":data.bin", "+", "cp", "-r", tmp_path / "tree", ":")
    board.power_cut()
    board.wait_reset("cut")
    assert hashlib.sha256(data).hexdigest() in board.mpremote("sha256sum", ":data.bin")
    assert "9000 data.bin" in board.mpremote("ls")
    assert board.mpremote("exec", "import tree.sub.module") == "imported\n"
    board.stop()
    deep = tmp_path / ("d" * 200)  # with the geometry it is more than one argument of MicroPython's holds
    deep.mkdir()
    files = FlashImage(shutil.copy(board.flash_file, deep), geometry).files()
    assert sorted(files) == ["/data.bin", "/tree/sub/module.py"]
    assert (files["/data.bin"].data, files["/data.bin"].crc32) == (data, zlib.crc32(data))


def test_mpremote_runs_and_mounts(make_board, tmp_path):
    board = on(make_board())
    (tmp_path / "script.py").write_text("import sys; print('ran on', sys.platform)\n")
    assert board.mpremote("run", tmp_path / "script.py") == "ran on rp2\n"
    assert "ran on rp2" in board.mpremote("mount", tmp_path, "exec", "import script")
    assert board.mpremote("eval", "2 ** 70").strip() == str(2**70)


def test_what_can_be_no_board_is_told_in_a_sentence(tmp_path, capsys):
    (tmp_path / "short.bin").write_bytes(b"short")
    assert program.main(["--flash", str(tmp_path / "short.bin")]) == 1
    assert "has less than" in capsys.readouterr().err
    assert program.main(["--flash", str(tmp_path / "new.bin"), "--uart", str(tmp_path / "none")]) == 1
    assert "No such file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        program.main(["--flash", str(tmp_path / "new.bin"), "--heapsize", "x"])
    assert "no heap's size" in capsys.readouterr().err


def test_inspection_of_what_is_no_filesystem_says_so(tmp_path):
    (tmp_path / "flash.bin").write_bytes(b"\xff" * SMALL.size)
    with pytest.raises(ValueError, match="flash.bin"):
        FlashImage(tmp_path / "flash.bin", SMALL).files()


def test_the_host_is_out_of_sight(make_board):
    board = on(make_board())
    code = "import os, sys, vfs; print(hasattr(os, 'system'), hasattr(vfs, 'VfsPosix'), sys.path, sys.argv)\n"
    code += "try:\n  open('/etc/passwd')\nexcept OSError as e:\n  print(e.errno)"
    assert board.mpremote("exec", code) == "False False ['', '.frozen', '/lib'] ['']\n2\n"


def test_every_flash_operation_is_counted(make_board):
    board = on(make_board())
    before = board.counters()
    code = "import rp2; f = rp2.Flash(start=%d, len=65536); f.ioctl(6, 1)" % SMALL.filesystem
    board.mpremote("exec", code + "; f.writeblocks(1, b'a' * 512, 256); f.ioctl(6, 1)")
    after = board.counters()
    assert after["erases"] - before["erases"] == 2
    assert after["programmed_bytes"] - before["programmed_bytes"] == 512
    assert after["erases_by_block"][33] == 2
    assert after["heap_at_boot"] < 100000


# the buses


def serve_stub(heard):
    """An I2C bus with one device at 0x17 that answers a read with what was written last, repeated."""

    def receive(file):
        try:
            return file.read(4) or b""
        except ConnectionResetError:  # the board has died
            return b""

    def answer(file, data):
        try:
            file.write(data)
        except BrokenPipeError:
            pass

    def serve(sock):
        file = sock.makefile("rwb", buffering=0)
        last = b"?"
        while len(head := receive(file)) == 4:
            op, address, length = struct.unpack("<cBH", head)
            data = file.read(length) if op == b"W" and length else b""
            heard.append((op, address, length))
            if address != 0x17:
                answer(file, bytes([errno.EIO]))
                continue
            last = data or last
            answer(file, b"\0" + ((last * length)[:length] if op == b"R" else b""))

    return lambda sock: threading.Thread(target=serve, args=(sock,), daemon=True).start()


def test_i2c_transfers_reach_the_other_side(make_board):
    heard = []
    board = on(make_board(i2c=serve_stub(heard)))
    code = "from machine import I2C, Pin; i = I2C(0, scl=Pin(1), sda=Pin(0), freq=100000, timeout=250000)\n"
    code += (
        "b = bytearray(300); print(i.writeto(0x17, b'abc')); i.readfrom_into(0x17, b); print(bytes(b[:7]))\n"
    )
    code += "print(i.scan(), i.readfrom(0x17, 2), i.writeto(0x17, bytes(600)))\n"
    code += "try:\n  i.readfrom_into(0x18, b)\nexcept OSError as e:\n  print('nack', e.errno)"
    assert board.mpremote("exec", code) == "3\nb'abcabca'\n[23] b'ab' 600\nnack 5\n"
    assert heard[:2] == [(b"W", 0x17, 3), (b"R", 0x17, 300)]
    assert heard[-1] == (b"R", 0x18, 300)


def test_a_bus_transfer_allocates_nothing(make_board):
    board = on(make_board(i2c=serve_stub([])))
    code = "import micropython; from machine import I2C; i = I2C(0); b = bytearray(255); v = memoryview(b)\n"
    code += "def go():\n  for _ in range(5):\n    i.writeto(0x17, b); i.readfrom_into(0x17, v)\ngo()\n"
    code += "def locked():\n  micropython.heap_lock()\n  try:\n    go()\n"
    code += "  finally:\n    micropython.heap_unlock()\n"
    assert board.mpremote("exec", code + "locked(); print('none')") == "none\n"


def test_a_bus_without_wires_does_not_acknowledge(make_board):
    board = on(make_board())
    assert board.mpremote("exec", "import machine; print(machine.I2C(0).scan())") == "[]\n"


def test_each_boot_has_new_wires(make_board):
    heard = []
    board = on(make_board(i2c=serve_stub(heard)))
    for _ in range(3):
        board.type(
            "import machine; i = machine.I2C(0)\rwhile True: i.writeto(0x17, b'x'); i.readfrom(0x17, 1)\r\r"
        )
        board.wait_for("while True")
        time.sleep(0.05)
        board.press_reset()
        board.wait_reset("button")
        board.wait_for(PROMPT)
    assert len(heard) > 20
    assert board.mpremote("exec", "import machine; print(machine.I2C(0).readfrom(0x17, 3))") == "b'???'\n"


def test_ctrl_c_in_transfers_leaves_the_bus_in_step(make_board):
    board = on(make_board(i2c=serve_stub([])))
    board.type("import machine; i = machine.I2C(0); i.writeto(0x17, b'y'); b = bytearray(9)\r")
    for _ in range(10):
        board.type("while True: i.readfrom_into(0x17, b)\r\r")
        board.wait_for("... \r\n")
        time.sleep(0.02)
        board.type("\x03")
        board.wait_for("KeyboardInterrupt")
    board.type("i.writeto(0x17, b'z'), i.readfrom(0x17, 3)\r")
    board.wait_for("(1, b'zzz')")


def test_ctrl_c_in_file_writes_leaves_the_filesystem_whole(make_board):
    board = on(make_board())
    board.type("def go():\r while True:\r  f = open('x', 'w'); f.write('y' * 6000); f.close()\r\r\r")
    for _ in range(15):
        board.type("go()\r")
        board.wait_for("go()")
        time.sleep(0.02)
        board.type("\x03")
        board.wait_for("KeyboardInterrupt")
    board.type("f = open('x', 'w'); f.write('z' * 6000); f.close(); len(open('x').read())\r")
    board.wait_for("\n6000\n>>> ")
    assert board.violation is None


def uart_code(rxbuf=256):
    return "import time; from machine import UART; u = UART(0, 115200, rxbuf=%d, timeout=300)\n" % rxbuf


def test_uart_carries_bytes_both_ways(make_board):
    ours, theirs = socket.socketpair()
    board = on(make_board(uart=theirs))

    def echo():
        line = b""
        while not line.endswith(b"\n"):
            line += ours.recv(100)
        ours.sendall(line.upper())

    threading.Thread(target=echo, daemon=True).start()
    code = uart_code() + "print(u.any(), u.read(1))\nu.write(b'hello\\n'); b = bytearray(20)\n"
    code += "print(u.readinto(b, 6), bytes(b[:6]), u.any())"
    assert board.mpremote("exec", code) == "0 None\n6 b'HELLO\\n' 0\n"
    ours.close()
    theirs.close()


def test_uart_comes_at_the_baud_rate_and_overruns(make_board):
    ours, theirs = socket.socketpair()
    board = on(make_board(uart=theirs))
    ours.sendall(bytes(3000))
    code = uart_code(rxbuf=512) + "time.sleep_ms(100); a = u.any(); u.read(a); time.sleep_ms(10)\n"
    code += "print(a, u.any(), u.overruns)"
    full, later, lost = map(int, board.mpremote("exec", code).split())
    assert full == 512  # 100 ms are 1152 bytes
    assert 60 < later < 512
    assert 500 < lost < 2000
    ours.close()
    theirs.close()


def test_uart_speaks_with_a_pty(make_board):
    master, slave = os.openpty()
    tty.setraw(slave)
    board = on(make_board(uart=os.ttyname(slave)))
    board.mpremote("exec", uart_code() + "u.write(b'{}\\r\\n')")
    assert select.select([master], [], [], 2)[0] and os.read(master, 10) == b"{}\r\n"
    board.stop()
    os.close(master)
    os.close(slave)


# timers


def test_a_timer_goes_on_while_the_repl_waits_and_ends_with_a_soft_reset(make_board):
    board = on(make_board())
    code = "import machine; w = machine.WDT(timeout=700); t = machine.Timer(-1)"
    code += "; t.init(period=100, callback=lambda _: w.feed())"
    board.mpremote("exec", code)
    boots = len(board.resets)
    time.sleep(1.5)
    assert len(board.resets) == boots, "fed by the timer, with nothing at work but the prompt"
    board.mpremote("exec", "1")
    assert board.wait_reset("watchdog") == "watchdog"


def test_a_timer_that_raises_says_so_and_goes_on(make_board):
    board = on(make_board())
    code = "import machine, time; n = []; t = machine.Timer(-1)"
    code += "; t.init(period=30, callback=lambda _: n.append(1) or 1 // (len(n) - 1))"
    code += "; time.sleep_ms(300); print(len(n) > 3)"
    said = board.mpremote("exec", code)
    assert "ZeroDivisionError" in said and said.endswith("True\n")
    code = "n = []; t.init(mode=machine.Timer.ONE_SHOT, period=20, callback=n.append)"
    code += "; time.sleep_ms(200); print(len(n))"
    assert board.mpremote("resume", "exec", code) == "1\n"
