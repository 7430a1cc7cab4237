"""make shrink on the virtual STM32 board, and what it refuses."""

import pytest

from tools import paths
from tools.board.geometry import Geometry
from tools.board.supervisor import Board
from tools.deploy import board as deployed
from tools.deploy import shrink
from tools.failure import Failure

GOOD = {
    "block": 4096,
    "total": 2 << 20,
    "filesystem": 2 << 20,
    "used": 300000,
    "lfs2": True,
    "root": "/flash",
}


def test_the_filesystem_is_smaller_the_files_are_there_and_the_rest_is_raw(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    geometry = Geometry(kind="stm32", filesystem=2 << 20, staging=0, program_unit=32)
    with Board(tmp_path / "flash.bin", geometry=geometry).start() as board:
        board.mpremote(
            "exec",
            "import os; os.mkdir('data'); f = open('data/log.txt', 'w'); f.write('x' * 9000); f.close()",
        )
        said = []
        assert not shrink.shrink(board.pty, 1 << 20, said.append, False)
        assert (
            "FORMAT" in said[1] and deployed.Board(board.pty).ask("shrink", LENGTH=0)["filesystem"] == 2 << 20
        )
        assert shrink.shrink(board.pty, 1 << 20, said.append, True)
        assert said[-1].endswith('"staging": "flash", "staging_start": 1048576, "staging_length": 1048576')
        board.press_reset()
        told = deployed.Board(board.pty).ask("shrink", LENGTH=0)
        assert told["filesystem"] == 1 << 20
        log = board.mpremote("exec", "print(open('data/log.txt').read() == 'x' * 9000)")
        assert log.strip() == "True"
        raw = "import pyb; f = pyb.Flash(start=1 << 20, len=1 << 20); f.ioctl(1, 1); "
        assert board.mpremote("exec", raw + "print(f.ioctl(6, 0), f.ioctl(4, 0))").strip() == "0 256"
        assert not shrink.shrink(board.pty, 1 << 20, said.append, True)
        assert "already" in said[-1]
        board.mpremote("exec", "import os; os.remove('data/log.txt'); os.rmdir('data')")
        assert not shrink.shrink(board.pty, 1 << 20, said.append, True)
        assert "already" in said[-2] and str(tmp_path / "backup") in said[-1]


def test_what_can_not_be_is_refused_before_anything_is_done():
    shrink.check(GOOD, 1 << 20)
    for spoilt, words in (
        ({"root": "/sd"}, "take the SD card out"),
        ({"root": ""}, "booted from /"),
        ({"lfs2": False}, "no os.VfsLfs2"),
        ({"block": 1 << 17, "length": (1 << 20) + 4096}, "no whole erase blocks"),
        ({"total": 1 << 20}, "nothing would be left"),
        ({"used": 1 << 20}, "too small for them"),
    ):
        told = dict(GOOD, **spoilt)
        with pytest.raises(Failure, match=words):
            shrink.check(told, told.get("length", 1 << 20))
