"""make doctor tells what the virtual board has, and what to do next."""

import json

from tools.board.geometry import Geometry
from tools.board.supervisor import Board
from tools.deploy import board as deployed
from tools.deploy import doctor, drive
from tools.deploy.steps import deploy
from tools.notecard.engine import Engine
from tools.notecard.server import Server, wall_clock


def test_the_doctor_of_a_board_before_and_after_its_deployment(tmp_path):
    server = Server(Engine(wall_clock(), "8.x"))
    settings = tmp_path / "notedfu.json"
    settings.write_text(json.dumps({"allow_unsigned": True}))
    flash = tmp_path / "flash.bin"
    with Board(flash, i2c=server.serve_i2c, geometry=Geometry(kind="esp32")) as board:
        board.start()
        port = deployed.Board(board.pty)
        before = "\n".join(doctor.lines(port.ask("doctor")))
        assert "partition staging at 0x100000, 1835008 bytes" in before
        assert "no updater on the board" in before
        assert "next: make deploy" in before
        deploy(board.pty, None, str(settings), lambda line: None)
        after = "\n".join(doctor.lines(port.ask("doctor")))
        assert "answers over i2c, firmware notecard-" in after, after
        assert "next: nothing" in after
        board.press_reset()
        board.wait_for("recovery:")
        assert doctor.main([board.pty]) == 0
        board.wait_reset("reset")  # or the prompt, which has ended it, would be the end
        board.wait_for("recovery:")
    server.close()


def test_the_doctor_of_a_circuitpython_board(tmp_path, capsys):
    """Over its prompt, while code.py runs, which it then does again."""
    server = Server(Engine(wall_clock(), "8.x"))
    settings = tmp_path / "notedfu.json"
    settings.write_text(json.dumps({"allow_unsigned": True}))
    flash = tmp_path / "flash.bin"
    geometry = Geometry(kind="circuitpython", fs="fat")
    with Board(flash, i2c=server.serve_i2c, geometry=geometry) as board:
        board.start()
        assert doctor.main([board.pty]) == 0
        before = capsys.readouterr().out
        assert "circuitpython 1." in before and "4096 bytes of nvm" in before and "SHA-256: yes" in before
        assert "next: make deploy DRIVE=" in before
        drive.deploy(board, flash, geometry, None, str(settings))
        board.wait_for("recovery:")
        assert doctor.main([board.pty]) == 0
        after = capsys.readouterr().out
        assert "written by the program" in after
        assert "answers over i2c, firmware notecard-" in after, after
        assert "next: nothing" in after
        board.wait_for("recovery:")
    server.close()


def test_the_doctor_names_a_romfs_partition(tmp_path):
    for kind, there in (("stm32-romfs", True), ("stm32", False)):
        with Board(tmp_path / (kind + ".bin"), geometry=Geometry(kind=kind)) as board:
            board.start()
            flash = deployed.Board(board.pty).ask("doctor")["flash"]
        assert ("a ROMFS partition of 65536 bytes" in flash) == there, flash


def told(**changes):
    good = {
        "sha256": True,
        "heap": 180000,
        "bits": 32,
        "beside": False,
        "modules": ["machine", "rp2"],
        "drive": None,
        "updater": {"version": "0.1.0", "settings": None, "trusts": True, "library": "mpy", "missing": None},
        "notecard": {"version": "notecard-8.1.3", "device": "dev:1", "link": "i2c"},
    }
    return dict(good, **changes)


def test_the_advice_is_about_what_stands_in_the_way():
    assert doctor.advice(told()).startswith("nothing")
    drive = {"readonly": True, "nvm": 4096}
    assert "DRIVE=" in doctor.advice(told(updater=None, drive=drive, heap=300000))
    assert "can't write" in doctor.advice(told(drive=drive))
    compiled = dict(drive, readonly=False)
    assert doctor.advice(told(drive=compiled)).startswith("nothing")
    assert "sha256" in doctor.advice(told(sha256=False, updater=None))
    assert "frozen" in doctor.advice(told(heap=100000))
    assert "mend" in doctor.advice(told(updater={"version": "0.1.0", "settings": "unknown key x"}))
    assert "wiring" in doctor.advice(told(notecard={"error": "LinkError: no-notecard"}))


def test_what_an_update_takes_of_the_heap_depends_on_how_the_updater_came():
    frozen = {"version": "0.1.0", "settings": None, "trusts": True, "library": "frozen", "missing": None}
    assert doctor.advice(told(heap=60000, updater=frozen)).startswith("nothing")
    assert "frozen" in doctor.advice(told(heap=60000, modules=["machine"]))
    assert doctor.advice(told(heap=60000, modules=["machine", "esp32"])).startswith("nothing"), "it grows"
    assert doctor.needed(told()) > 2 * doctor.needed(told(updater=frozen))
