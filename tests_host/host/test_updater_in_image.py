"""`make image ... --updater` on the virtual board: the app's slot brings its own download half, as .mpy."""

import time

import pytest

from tools.board.supervisor import Board
from tools.deploy.steps import deploy
from tools.image import __main__ as image_tool
from tools.image import half, make

APP = """
import sys


def main(dfu):
    dfu._half.ready()  # the half is loaded, and no Notecard is waited for
    print("half:", sys.modules["notedfu.update"].__file__)
"""


@pytest.fixture
def app(tmp_path):
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    return folder


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "notedfu.json"
    path.write_text('{"allow_unsigned": true}')
    return path


def test_what_starts_an_app_is_never_part_of_an_image():
    fixed = half.boot_half()
    assert {"bootup", "supervise", "half", "handle", "health", "journal", "slots", "errors"} <= fixed
    brought = {path.split("/")[1][:-3] for path, _ in half.files()}
    assert not brought & fixed
    assert {"assemble", "update", "dfu", "preflight", "filestage"} <= brought


def test_the_board_loads_the_slots_half_and_that_of_lib_where_it_is_damaged(app, settings, tmp_path):
    arguments = ["make", str(app), "1.0.0", str(tmp_path / "app-1.0.0.img"), "--updater"]
    image = make.make(image_tool.parser().parse_args(arguments))
    with Board(tmp_path / "flash.bin").start() as board:
        deploy(board.pty, str(image), str(settings), lambda line: None)
        board.press_reset()
        board.wait_for("half: /notedfu.d/a/notedfu/update.mpy", 60)
        board.mpremote(
            "exec", "f = open('/notedfu.d/a/notedfu/dfu.mpy', 'r+b'); f.write(b'no code'); f.close()"
        )
        board.press_reset()
        board.wait_for("put aside", 60)
        board.wait_for("half: /lib/notedfu/update.mpy", 60)
        boots = len(board.resets)
        board.mpremote("exec", "import os; os.listdir('/')")
        time.sleep(9.5)  # the hardware watchdog, which runs since the boot before, bites after 8
        assert [cause for _, cause in board.resets[boots:]] == ["soft"]
