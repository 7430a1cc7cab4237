"""make deploy DRIVE=: onto a folder that stands for a CIRCUITPY drive, and what a board does with it."""

import argparse
import json

import pytest

import rig
from circuit import CircuitRig
from notedfu.journal import GOOD, Journal
from notedfu.slots import A, Slots
from tools import paths
from tools.deploy import __main__ as tool
from tools.deploy import mounted
from tools.failure import Failure

FIRMWARE = (
    "Adafruit CircuitPython 10.0.3 on 2025-10-17; Raspberry Pi Pico with rp2040\nBoard ID:raspberry_pi_pico\n"
)
APP = "import rig\n\n\ndef main(dfu):\n    return rig.app_main('%s', dfu)\n"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "CIRCUITPY"
    made.mkdir()
    (made / "boot_out.txt").write_text(FIRMWARE)
    (made / "code.py").write_text('print("Hello World!")\n')
    return made


def deploy(folder, version=None, **settings):
    """As the command line does it; the app of that version runs in the rig."""
    app = folder.parent / "app"
    app.mkdir(exist_ok=True)
    (app / "app.py").write_text(APP % version)
    path = folder.parent / "notedfu.json"
    path.write_text(json.dumps(dict({"allow_unsigned": True}, **settings)))
    arguments = [str(folder), "--settings", str(path)]
    return mounted.main(arguments + (["--app", str(app), "--version", version] if version else []))


def journal(folder):
    one = Journal(str(folder / "notedfu.d" / "journal"))
    one.load()
    return one


def test_a_board_runs_what_was_put_on_its_drive(folder, capsys):
    assert deploy(folder, "1.0.0") == 0
    said = capsys.readouterr().out
    assert FIRMWARE.split("\n")[0] in said and "slot A: version 1.0.0, confirmed" in said and "eject" in said
    settings = (folder / "notedfu.json").read_bytes()
    device = CircuitRig(str(folder))
    (folder / "notedfu.json").write_bytes(settings)  # the rig's own are not what is tried here
    rig.BEHAVIOUR["1.0.0"] = rig.stay
    assert device.boot(for_s=5) == "power", device.said
    assert rig.RUNS == ["1.0.0"]


def test_a_second_deployment_keeps_the_counter_and_takes_away_what_is_old(folder):
    assert deploy(folder, "1.0.0") == 0
    one = journal(folder)
    one.counter = 7
    one.save()
    stale = folder / "lib" / "notedfu" / "errors.mpy"
    stale.write_bytes(b"old")
    (folder / "notedfu.d" / "a" / "old.py").write_text("")
    assert deploy(folder, "1.0.1") == 0
    assert journal(folder).counter == 7 and journal(folder).active == A
    assert Slots(str(folder / "notedfu.d")).load(A).version == (1, 0, 1, 0)
    assert not stale.exists() and not (folder / "notedfu.d" / "a" / "old.py").exists()
    assert deploy(folder) == 0, "the updater alone: the app stays"
    assert Slots(str(folder / "notedfu.d")).load(A).confirmed


def test_a_deployment_that_ctrl_c_ends_in_any_file_is_completed_by_the_next(tmp_path, monkeypatch, capsys):
    real = mounted.shutil.copyfileobj
    left, files = [], 0

    def copied(source, file):
        if left and not left.pop():
            raise KeyboardInterrupt  # and the file has no byte yet
        real(source, file)

    for number in (0, 1, 2, 3, 4, 5, 6, 7, 8, 20, -3, -2, -1):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "boot_out.txt").write_text(FIRMWARE)
        monkeypatch.setattr(mounted.shutil, "copyfileobj", copied)
        left[:] = [0] + [1] * (number if number >= 0 else files + number)
        assert deploy(folder, "1.0.0") == 130, number
        monkeypatch.undo()
        assert deploy(folder, "1.0.0") == 0, (number, capsys.readouterr().err)
        files = sum(path.is_file() for path in folder.rglob("*")) - 2  # boot_out.txt and a.cable
        one = journal(folder)
        assert (one.active, one.condition) == (A, GOOD), number
        assert not list(folder.glob("*.before-notedfu.py"))
        records = [path.stat().st_size for path in (folder / "notedfu.d" / "journal").rglob("record")]
        assert records == [4096] * 6, (number, records)


def test_somebody_elses_files_are_not_lost(folder, capsys):
    (folder / "boot.py").write_text("import usb_cdc\n")
    (folder / "code.py").write_text("import project\n")
    assert deploy(folder, "1.0.0") == 1
    assert "code.py of its own" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["boot.py", "boot_out.txt", "code.py"]
    (folder / "code.py").unlink()
    assert deploy(folder, "1.0.0") == 0
    assert (folder / "boot.before-notedfu.py").read_text() == "import usb_cdc\n"
    (folder / "boot.py").write_text("import usb_hid  # beside notedfu\n")
    assert deploy(folder, "1.0.0") == 1
    assert "boot.before-notedfu.py" in capsys.readouterr().err
    assert (folder / "boot.py").read_text().startswith("import usb_hid")
    (folder / "code.txt").write_text("")
    assert deploy(folder, "1.0.0") == 1
    assert "in place of code.py" in capsys.readouterr().err


def test_what_is_no_drive_or_too_old_or_too_small_is_refused(folder, tmp_path, monkeypatch):
    with pytest.raises(Failure, match="no boot_out.txt"):
        mounted.deploy(tmp_path, None, None, print)
    (folder / "boot_out.txt").write_text(FIRMWARE.replace("10.0.3", "8.2.10"))
    with pytest.raises(Failure, match="9 or later is needed"):
        mounted.deploy(folder, None, None, print)
    (folder / "boot_out.txt").write_text(FIRMWARE)
    monkeypatch.setattr(
        mounted.shutil, "disk_usage", lambda path: mounted.shutil._ntuple_diskusage(0, 0, 100000)
    )
    with pytest.raises(Failure, match="bytes are needed, and 104096 are free"):
        mounted.deploy(folder, None, None, print)
    assert not (folder / "lib").exists()


def test_a_drive_that_the_updater_has_is_explained(folder, monkeypatch):
    def refuse(*more, **named):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(mounted, "copy", refuse)
    with pytest.raises(Failure, match="Hold the off_pin"):
        mounted.deploy(folder, None, None, print)
    assert not (paths.BUILD / "deploy").exists() or not list((paths.BUILD / "deploy").glob("drive-*"))


def test_an_app_that_was_compiled_for_the_other_interpreter_is_refused(folder):
    made = tool.image_of(
        argparse.Namespace(app=str(paths.ROOT / "examples" / "app"), version="1.0.0", image=None)
    )
    with pytest.raises(Failure, match="compiled for MicroPython"):
        mounted.deploy(folder, made, None, print)
    assert not (folder / "lib").exists()


def test_circuitpythons_own_compiler_is_used_if_it_is_given(folder, tmp_path):
    compiler = tmp_path / "mpy-cross-cp"  # it marks its files as CircuitPython's does
    compiler.write_text(
        '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\nprintf C > "$2"; cat "$3" >> "$2"\n'
    )
    compiler.chmod(0o755)
    assert deploy(folder) == 0
    assert (folder / "lib" / "notedfu" / "bootup.py").exists()
    assert mounted.main([str(folder), "--mpy-cross", str(compiler)]) == 0
    names = {path.suffix for path in (folder / "lib").rglob("*") if path.is_file()}
    assert names == {".mpy"}, "no source is left that would be imported in its place"
    with pytest.raises(Failure, match="is not CircuitPython's"):
        mounted.deploy(folder, None, None, print, paths.MPY_CROSS)
    with pytest.raises(Failure, match="can't be run"):
        mounted.deploy(folder, None, None, print, str(tmp_path / "none"))
