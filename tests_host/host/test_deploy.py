"""tools/deploy with the real mpremote, onto the virtual board."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from notedfu import fat
from tools import paths
from tools.board import firmware
from tools.board.supervisor import Board
from tools.deploy import __main__ as tool
from tools.deploy import adopt, bundle, choice, hiding, status, steps
from tools.failure import Failure
from tools.image import __main__ as image_tool
from tools.image import container, info, make

KEY = "ed25519:" + "0a" * 32
APP = str(paths.ROOT / "examples" / "app")


@pytest.fixture
def board(tmp_path):
    with Board(tmp_path / "flash.bin").start() as one:
        yield one


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "notedfu.json"
    path.write_text(json.dumps({"allow_unsigned": True}))
    return path


def ask(board, expression):
    """The value of an expression on the board, which is left at its REPL."""
    return json.loads(board.mpremote("exec", "import json, os; print(json.dumps(%s))" % expression))


def exists(board, path):
    folder, _, name = path.rpartition("/")
    return name in ask(board, "os.listdir(%r)" % (folder or "/"))


def test_a_deployed_board_runs_the_app_and_a_second_deployment_replaces_it(board, settings, capsys):
    assert tool.main([board.pty, "--app", APP, "--version", "1.0.0", "--settings", str(settings)]) == 0
    board.wait_for("app 1.0.0")
    said = capsys.readouterr().out
    assert "every file read back" in said and "slot A: version 1.0.0, confirmed" in said
    told = "\n".join(status.status(board.pty))
    assert "slot A: 1.0.0, confirmed, security counter 0" in told
    assert "deployed by cable  <- active" in told
    assert "slot B: empty" in told and "idle" in told and "settings: fine" in told
    assert "nothing to report" in told and "takes images of up to about" in told
    assert "hides" not in told
    assert status.main([board.pty]) == 0
    board.wait_reset("reset")  # or the prompt, which has ended it, would be the end
    board.wait_for("app 1.0.0")
    board.mpremote("exec", "open('/notedfu.d/a/heapq.py', 'w').close()")
    hidden = [line for line in status.status(board.pty) if "hides" in line]
    assert len(hidden) == 1 and hidden[0].startswith("/notedfu.d/a/heapq.py hides the firmware's own")
    board.mpremote("exec", "open('/lib/notedfu/slots.mpy', 'w').close()")
    with pytest.raises(Failure, match="not whole: make deploy"):
        status.status(board.pty)
    board.mpremote("exec", "open('/lib/notedfu/errors.py', 'w').close()")
    assert tool.main([board.pty, "--app", APP, "--version", "1.0.1"]) == 0
    board.wait_for("app 1.0.1")
    assert not exists(board, "/lib/notedfu/errors.py"), "it would be imported in place of errors.mpy"
    assert not exists(board, "/notedfu.d/a/heapq.py")
    assert exists(board, "/notedfu.json"), "settings stay unless new ones come"


B_RUNS = """
import os
from notedfu.journal import TRIAL, Journal
root = "/notedfu.d/"
os.mkdir(root + "b")
for name in ["a/" + one for one in os.listdir(root + "a")] + ["a.manifest", "a.confirmed"]:
    with open(root + name, "rb") as old, open(root + "b" + name[1:], "wb") as new:
        new.write(old.read())
journal = Journal(root + "journal")
journal.load()
journal.active, journal.state, journal.counter, journal.trial_left = 2, TRIAL, 7, 2
journal.save()
"""


WAITS = """
from notedfu.journal import PENDING, Journal
journal = Journal("/notedfu.d/journal")
journal.load()
journal.state = PENDING
journal.save()
with open("/notedfu.json", "w") as file:
    file.write('{"install": "ask"}')
"""


def test_a_new_library_alone_changes_nothing_about_which_app_runs(board, settings):
    first = [board.pty, "--app", APP, "--version", "1.0.0", "--settings", str(settings), "--no-reset"]
    assert tool.main(first) == 0
    board.mpremote("exec", B_RUNS)
    assert tool.main([board.pty, "--no-reset"]) == 0
    told = "\n".join(status.status(board.pty))
    assert "slot B: 1.0.0" in told and told.index("<- active") > told.index("slot B")
    assert "on trial" in told and "images below 7 are refused" in told
    board.mpremote("exec", WAITS)
    assert any("waits for the app's dfu.install()" in line for line in status.status(board.pty))
    for copy in (0, 1):
        name = "/notedfu.d/journal/%d/record" % copy
        board.mpremote("exec", "f = open(%r, 'r+b'); f.write(b'lost'); f.close()" % name)
    assert tool.main([board.pty, "--no-reset"]) == 0
    assert "journal: lost; the next boot makes it anew" in status.status(board.pty)


def test_an_older_library_keeps_the_watchdog_fed_until_the_new_one_is_there(board, settings, tmp_path):
    # each session of mpremote's begins with boot.py, and the watchdog of the one before bites after 8 s
    assert tool.main([board.pty, "--settings", str(settings), "--no-reset"]) == 0
    bootup = (paths.ROOT / "lib" / "notedfu" / "bootup.py").read_text()
    older = {"bootup": bootup + "from notedfu import gone\n", "gone": ""}
    for name, text in older.items():
        (tmp_path / (name + ".py")).write_text(text)
        compiled = [paths.MPY_CROSS, "-o", str(tmp_path / (name + ".mpy")), str(tmp_path / (name + ".py"))]
        subprocess.run(compiled, check=True)
    board.mpremote("cp", *[str(tmp_path / (name + ".mpy")) for name in older], ":lib/notedfu/")
    assert tool.main([board.pty, "--no-reset"]) == 0
    assert not exists(board, "/lib/notedfu/gone.mpy")
    assert "no module named" not in board.console.text


def test_modules_of_other_targets_stay_off_the_board_and_a_later_target_asks_for_them(
    board, settings, capsys
):
    assert tool.main([board.pty, "--app", APP, "--version", "1.0.0", "--settings", str(settings)]) == 0
    assert "modules for target slots" in capsys.readouterr().out
    board.wait_for("app 1.0.0")
    there = {name.split(".")[0] for name in ask(board, "os.listdir('/lib/notedfu')")}
    gone = {
        "otaslots",
        "otastage",
        "otaswap",
        "firmware",
        "bankwriter",
        "romslots",
        "romcopy",
        "romlook",
        "inboot",
    }
    assert not there & gone and {"slots", "swap", "filestage", "flashstage", "fast"} <= there
    text = json.dumps({"allow_unsigned": True, "target": "romfs"})
    board.mpremote("exec", "with open('/notedfu.json', 'w') as file: file.write(%r)" % text)
    said = "target romfs: its modules are not on the board: make deploy"
    assert "settings: " + said in status.status(board.pty)
    board.press_reset()
    board.wait_for("app 1.0.0")  # what is installed runs
    look = "from notedfu.device import Device\nfrom notedfu.port.micropython import port\n"
    look += "print(Device(port).settings.error)"
    found = board.mpremote("exec", look)
    assert "bad-settings" in found and "no ROMFS partition" not in found and "make deploy" in found
    assert tool.main([board.pty]) == 0  # the board's own settings say now what it needs
    assert "modules for target romfs" in capsys.readouterr().out
    board.wait_for("app 1.0.0")
    there = {name.split(".")[0] for name in ask(board, "os.listdir('/lib/notedfu')")}
    assert {"romslots", "romcopy", "romlook"} <= there and "otaslots" not in there
    assert "settings: target romfs: this firmware has no ROMFS partition" in status.status(board.pty)
    text = json.dumps({"target": "ota"})
    board.mpremote("exec", "with open('/notedfu.json', 'w') as file: file.write(%r)" % text)
    assert tool.main([board.pty, "--no-reset"]) == 0
    assert "settings: target ota: this interpreter has no esp32.Partition" in status.status(board.pty)
    text = json.dumps({"staging": "flash", "staging_start": 4096, "staging_length": 65536})
    board.mpremote("exec", "with open('/notedfu.json', 'w') as file: file.write(%r)" % text)
    said = "settings: staging flash: staging_start is 4096, the filesystem has 1048576 bytes"
    assert said in status.status(board.pty)


def test_settings_in_which_the_parser_finds_no_end_keep_no_board_from_its_survey(tmp_path):
    (tmp_path / "notedfu.json").write_text("[" * 100000)
    text = (paths.ROOT / "tools" / "deploy" / "on_board" / "survey.py").read_text()
    there = {"ROOT": str(tmp_path)}
    exec(text.split("\nMPY =")[0], there)
    with pytest.raises(RecursionError):
        json.loads((tmp_path / "notedfu.json").read_text())
    assert there["target"]() is None


def test_what_the_pages_take_off_for_the_updater_is_what_it_takes(board, settings):
    assert tool.main([board.pty, "--settings", str(settings), "--no-reset"]) == 0
    used = ask(board, "(lambda s: (s[2] - s[3]) * s[0] // 1024)(os.statvfs('/'))")
    for name in ("rp2", "esp32", "stm32"):
        text = (paths.ROOT / "docs" / "boards" / (name + ".md")).read_text()
        told = int(re.search(r"the updater \(?(\d+) KiB", text).group(1))
        assert used <= told <= used + 16, name
        assert name == "stm32" or "- %d" % told in text, "the arithmetic has another figure"


def test_each_module_has_a_target_and_an_interpreter_that_take_it():
    names = {
        path.relative_to(paths.ROOT / "lib" / "notedfu").as_posix()
        for path in (paths.ROOT / "lib/notedfu").rglob("*.py")
    }
    goes = set()
    for interpreter, target in (("micropython", "ota"), ("micropython", "romfs"), ("circuitpython", "ota")):
        goes |= names - choice.left_out(interpreter, target)
    assert goes == names
    listed = {name for group in choice.OF_TARGET.values() for name in group}
    assert listed | set(choice.MICROPYTHON) | set(choice.CIRCUITPYTHON) <= names, "one of them is gone"


def test_the_viper_module_comes_compiled_for_the_boards_processor(board, settings):
    assert tool.main([board.pty, "--settings", str(settings), "--no-reset"]) == 0
    assert "fast.mpy" in ask(board, "os.listdir('/lib/notedfu')")
    loaded = board.mpremote("exec", "from notedfu import twins; print(twins.fast is not None)")
    assert loaded.strip() == "True"


def test_where_nothing_is_known_of_the_processor_its_source_goes_there_and_without_native_code_nothing():
    files = {"/lib/notedfu/fast.py": 1, "/lib/notedfu/link.mpy": 2}
    assert list(bundle.for_processor(files, 4, 3)) == ["/lib/notedfu/link.mpy", "/lib/notedfu/fast.mpy"]
    assert bundle.for_processor(files, 63, 3) == files == bundle.for_processor(files, 4, 2)
    assert bundle.for_processor(files, 0, 3) == {"/lib/notedfu/link.mpy": 2}


def test_a_board_that_is_to_have_ota_gets_its_modules_whatever_the_settings_say():
    files = {"/lib/notedfu/otaslots.mpy": 1, "/lib/notedfu/port/roms.mpy": 2, "/app.py": 3}
    assert list(choice.chosen(files, "micropython", "ota")) == ["/lib/notedfu/otaslots.mpy", "/app.py"]
    assert list(choice.chosen(files, "micropython", "slots")) == ["/app.py"]


def test_a_main_py_of_someone_else_is_not_overwritten(board, settings, capsys):
    for text in ("print(1)", "# from notedfu import bootup"):
        board.mpremote("exec", "f = open('/main.py', 'w'); f.write(%r); f.close()" % text)
        assert tool.main([board.pty, "--settings", str(settings)]) == 1
        assert "main.py of its own" in capsys.readouterr().err
        assert ask(board, "open('/main.py').read()") == text and not exists(board, "/lib")


def test_a_boot_py_of_someone_else_is_kept_and_a_board_without_an_app_waits(
    board, settings, capsys, monkeypatch
):
    board.mpremote("exec", "f = open('/boot.py', 'w'); f.write('# stock'); f.close()")
    with pytest.raises(Failure, match="no notedfu"):
        status.status(board.pty)
    free = ask(board, "os.statvfs('/')[3]")
    with monkeypatch.context() as pulled, pytest.raises(Failure, match="pulled"):
        pulled.setattr(steps.Board, "ask", asked_until("tidy", steps.Board.ask))
        steps.deploy(board.pty, None, settings, print)
    assert ask(board, "open('/boot.py').read()") == "# stock", "the board starts what it started before"
    assert tool.main([board.pty, "--settings", str(settings), "--no-reset"]) == 0
    used = (free - ask(board, "os.statvfs('/')[3]")) * 4  # KiB
    for page in ("rp2", "stm32", "esp32"):
        text = (paths.ROOT / "docs" / "boards" / (page + ".md")).read_text()
        told = int(re.search(r"the updater \(?(\d+) KiB", text).group(1))
        assert abs(told - used) <= used / 10, (page, used)
    said = capsys.readouterr().out
    assert "no app on the board" in said and "/boot.before-notedfu.py" in said
    assert ask(board, "open('/boot.before-notedfu.py').read()") == "# stock"
    assert "no app is active" in "\n".join(status.status(board.pty))
    board.mpremote("exec", "open('/boot.py', 'w').close(); open('/main.py', 'w').close()")
    assert tool.main([board.pty, "--no-reset"]) == 0, "a copy that was cut off is nobody's file"
    board.mpremote("exec", "f = open('/boot.py', 'w'); f.write('# mine, beside notedfu'); f.close()")
    assert tool.main([board.pty, "--no-reset"]) == 1
    assert "/boot.before-notedfu.py" in capsys.readouterr().err
    adopt.undo(board.pty, print)
    assert "stay as they are: /boot.py, /boot.before-notedfu.py" in capsys.readouterr().out
    assert ask(board, "open('/boot.py').read()") == "# mine, beside notedfu"
    assert ask(board, "open('/boot.before-notedfu.py').read()") == "# stock"


def test_what_did_not_arrive_as_sent_is_noticed(tmp_path):
    (tmp_path / "file").write_text("text")
    files = {"/file": tmp_path / "file"}
    for told in bundle.sums(tmp_path / "file"):
        steps.verify({"/file": told}, files)
    with pytest.raises(Failure, match="not on the board as it was sent"):
        steps.verify({"/file": "sha256:" + "0" * 64}, files)


def test_a_board_that_can_not_take_it_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(bytes(5000))
    files = {"/file": tmp_path / "file"}
    good = {"interpreter": "micropython", "version": "1.29.0", "mpy": 6, "main": True, "block": 4096}
    good.update(free=8192, sizes={"/file": None}, boot=None, kept=True)
    steps.check(good, files)
    steps.check(dict(good, free=4096, sizes={"/file": 1}), files)
    for spoilt, words in (
        ({"free": 4096}, "8192 bytes are needed, and 4096"),
        ({"mpy": 5}, "reads .mpy 5"),
        ({"main": False}, "main.py of its own"),
        ({"boot": False}, "boot.before-notedfu.py"),
    ):
        with pytest.raises(Failure, match=words):
            steps.check(dict(good, **spoilt), files)


def test_a_board_of_another_kind_is_refused():
    good = {"interpreter": "micropython", "machine": "a Pico", "platform": "rp2", "ota": False}
    steps.check_board(good, "rp2")
    steps.check_board(good, None)
    steps.check_board(dict(good, platform="esp32", ota=True), "esp32-ota")
    for spoilt, board, words in (
        ({}, "esp32", "a Pico, and not esp32"),
        ({"platform": "esp32"}, "esp32-ota", "no second OTA slot"),
        ({"interpreter": "circuitpython", "version": "10.0.3"}, None, "make deploy DRIVE="),
    ):
        with pytest.raises(Failure, match=words):
            steps.check_board(dict(good, **spoilt), board)


def test_settings_that_the_device_would_not_read_are_not_sent(tmp_path):
    path = tmp_path / "notedfu.json"
    with pytest.raises(Failure, match="no such file"):
        bundle.start_files(tmp_path, path)
    path.write_text('{"allow_unsinged": true}')
    with pytest.raises(Failure, match="unknown key allow_unsinged"):
        bundle.start_files(tmp_path, path)


def test_settings_by_which_no_image_is_taken_are_told_apart(tmp_path):
    path = tmp_path / "notedfu.json"
    for text, nothing in (
        ("{}", True),
        ('{"allow_unsigned": true}', False),
        ('{"keys": ["%s"]}' % KEY, False),
    ):
        path.write_text(text)
        assert bundle.trusts_nothing(path) == nothing


def test_a_computer_that_takes_large_letters_for_small_ones_lays_out_no_journal(tmp_path, monkeypatch):
    # as macOS and Windows do: it would be copied over that of the board
    monkeypatch.setattr(fat, "is_fat", lambda folder: True)
    made = ["make", APP, "1.0.0", str(tmp_path / "app-1.0.0.img")]
    bundle.slot(tmp_path / "tree", make.make(image_tool.parser().parse_args(made)))
    assert not [path for path in bundle.files(tmp_path / "tree") if path.startswith("/notedfu.d/journal")]


def test_a_native_image_is_not_put_into_a_slot(tmp_path):
    (tmp_path / "fw.bin").write_bytes(firmware.made("1.0.0"))
    made = ["make", str(tmp_path / "fw.bin"), "1.0.0", str(tmp_path / "fw-1.0.0.img"), "--kind", "esp32"]
    with pytest.raises(Failure, match="holds no app"):
        bundle.slot(tmp_path / "tree", make.make(image_tool.parser().parse_args(made)))


def test_a_port_where_nothing_is_gives_a_sentence(tmp_path, settings, capsys):
    assert tool.main([str(tmp_path / "ttyNONE"), "--settings", str(settings)]) == 1
    said = capsys.readouterr().err
    assert "failed on" in said and "plugged in" in said and "Traceback" not in said


def test_what_hides_a_module_of_the_firmware_is_named():
    text = "__main__  array   umqtt/__init__\nboot  json  umqtt/simple\nPlus any modules on the filesystem\n"
    files = ["/boot.py", "/umqtt", "/notedfu.d/a/json.mpy", "/notedfu.d/a/app.mpy", "/notedfu.d/a/json.txt"]
    assert hiding.hiding(text, files) == ["/notedfu.d/a/json.mpy", "/umqtt"]


def test_each_state_of_the_journal_has_its_words():
    told = {"length": 5, "staged": 4, "swap_left": 3, "trial_left": 2, "outcome_text": "why"}
    for words in list(status._STATES.values()) + list(status._OUTCOMES.values()):
        assert "%" not in words % told


def asked_until(last, ask):
    """Board.ask, by which the cable is pulled before the script `last`."""

    def asked(board, script, **values):
        if script == last:
            raise Failure("pulled")
        return ask(board, script, **values)

    return asked


def test_a_project_is_adopted_and_comes_back(board, settings, monkeypatch):
    project = "import helper, app; print('project', helper.NAME, app.dfu.version)"
    files = {"/main.py": project, "/helper.py": "NAME = 'buoy'", "/boot.py": "# stock", "/data.txt": "kept"}
    writing = ["f = open(%r, 'w'); f.write(%r); f.close()" % item for item in files.items()]
    board.mpremote("exec", "; ".join(writing))
    said = []
    adopt.adopt(board.pty, "0.9.0", settings, said.append)
    assert any("what changes for the project" in line for line in said)
    board.press_reset()
    board.wait_for("project buoy 0.9.0")
    with monkeypatch.context() as pulled, pytest.raises(Failure, match="pulled"):
        pulled.setattr(adopt.Board, "ask", asked_until("remove", adopt.Board.ask))
        adopt.undo(board.pty, said.append)
    assert ask(board, "open('/main.py').read()") == project
    adopt.undo(board.pty, said.append)
    assert adopt.main(["undo", board.pty]) == 1, "there is nothing left"
    assert ask(board, "{path: open(path).read() for path in %r}" % list(files)) == files
    assert ask(board, "sorted(os.listdir('/'))") == ["boot.py", "data.txt", "helper.py", "lib", "main.py"]


def test_ctrl_c_in_an_adoption_puts_the_project_back_and_after_a_kill_it_is_adopted_again(board, settings):
    text = b"print('project')  # caf\xe9, and no UTF-8"
    board.mpremote("exec", "f = open('/main.py', 'wb'); f.write(%r); f.close()" % text)
    command = [sys.executable, "-u", "-m", "tools.deploy.adopt", board.pty, "0.9.0", str(settings)]
    for sent, status_then in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        with subprocess.Popen(
            command,
            cwd=paths.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # else ignored in the background
        ) as process:
            while not process.stdout.readline().startswith("[ 9/"):
                assert process.poll() is None
            if sent == signal.SIGINT:
                process.send_signal(sent)  # to it alone: its mpremote goes on, and has the port
            else:
                os.killpg(process.pid, sent)
            said = process.communicate(timeout=60)[1]
        assert process.returncode == status_then and "Traceback" not in said, said
        assert sent == signal.SIGKILL or ("make undo" in said and exists(board, "/main.py")), said
    assert adopt.main([board.pty, "0.9.0", str(settings)]) == 0
    board.wait_for("project")


def stopped_after(method, moment):
    """A method of Board's, behind which Ctrl-C comes when moment(its named arguments)."""

    def done(*arguments, **values):
        answer = method(*arguments, **values)
        if moment(values):
            raise KeyboardInterrupt
        return answer

    return done


def test_ctrl_c_behind_each_change_of_main_py_puts_it_back_and_takes_our_boot_py_away(
    board, settings, monkeypatch
):
    board.mpremote("exec", "f = open('/main.py', 'w'); f.write('print(1)'); f.close()")
    for name, moment in (
        ("ask", lambda values: values.get("NAMES") == [adopt._MAIN]),
        ("copy", lambda values: "/main.py" in values["PATHS"]),
    ):
        with monkeypatch.context() as stopped:
            stopped.setattr(adopt.Board, name, stopped_after(getattr(adopt.Board, name), moment))
            assert adopt.main([board.pty, "0.9.0", str(settings)]) == 130
        assert ask(board, "open('/main.py').read()") == "print(1)"
        assert not exists(board, "/boot.py") and not exists(board, "/main.before-notedfu.py")


def test_a_project_that_can_not_be_put_back_is_told_of(monkeypatch):
    class Gone:
        def __init__(self, port):
            self.asked = []

        def ask(self, script, **values):
            self.asked.append(script)
            if self.asked.count("set_aside") == 2:
                raise Failure("set_aside failed: no such port")
            return {"survey": {"main": False}, "listing": ["/main.py"], "set_aside": []}[script]

        def fetch(self, path, local):
            local.write_text("print(1)")

    def pulled(*_):
        raise Failure("copying failed: no such port")

    monkeypatch.setattr(adopt, "Board", Gone)
    monkeypatch.setattr(adopt, "deploy", pulled)
    with pytest.raises(Failure, match="copying failed.*still /main.before-notedfu.py on the board"):
        adopt.adopt("port", "0.9.0", None, print)


def test_what_a_board_can_take_and_what_an_image_needs_agree(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "app.py").write_text("def main(dfu): pass")
    (tmp_path / "app" / "table.bin").write_bytes(bytes(range(256)) * 400)
    made = make.make(
        image_tool.parser().parse_args(["make", str(tmp_path / "app"), "1.0.0", str(tmp_path) + "/"])
    )
    words = "\n".join(info.room_lines(container.read(made)))
    needs = [int(word.replace(",", "")) for word in re.findall(r"([\d,]{5,}) (?:bytes free|if)", words)]
    assert needs[0] - needs[1] == -(-made.stat().st_size // 4096) * 4096
    for staging, need in zip(("file", "flash"), needs):
        told = {"staging": staging, "region": 1 << 20, "unit": 4096}
        assert status.largest(dict(told, room=need + 40000)) > made.stat().st_size
        assert status.largest(dict(told, room=need - 40000)) < made.stat().st_size
    assert status.largest({"staging": "flash", "region": 5000, "unit": 4096, "room": 10**6}) == 5000
    assert status.largest({"staging": "file", "region": 0, "unit": 4096, "room": 100}) == 0


def test_an_app_without_a_version_is_called_0_0_0(tmp_path):
    folder = tmp_path / "tried"
    folder.mkdir()
    (folder / "app.py").write_text("def main(dfu): pass")
    options = argparse.Namespace(app=str(folder), version="", image=None)
    made = tool.image_of(options)
    assert container.read(made).version == (0, 0, 0, 0)
    with pytest.raises(Failure, match="alone"):
        tool.image_of(argparse.Namespace(app=str(folder), version="", image="x.img"))
