"""The short form of `make soak`: each fault twice as the first of those that may strike."""

import json

from check import Random  # noqa: F401 - tools.soak.plan wants tests_host on the path, which pytest sees to
from tools import paths
from tools.notecard.faults import FAULTS, NAMES
from tools.soak import __main__ as soak
from tools.soak.plan import FORMS, PAGES, PRESETS, Plan

RUNS = 2 * len(FAULTS)


def test_whole_updates_under_faults_end_well_or_say_why():
    result = soak.soak(0, RUNS)
    assert (result["hung"], result["wrong"], result["failing"]) == (0, 0, [])
    assert result["runs"] == result["installed"] + result["refused"] == RUNS
    assert result["installed"] > RUNS // 2
    assert len(result["by_fault"]) > len(NAMES) * 3 // 4


def test_the_plans_leave_nothing_out():
    plans = [Plan(seed) for seed in range(2000)]
    assert {plan.faults[0][0] for plan in plans} == set(NAMES)
    for name, choices in (("preset", PRESETS), ("form", FORMS), ("page", PAGES), ("link", ("i2c", "uart"))):
        for choice in choices:
            assert sum(getattr(plan, name) == choice for plan in plans) > 200, (name, choice)
    assert {len(plan.faults) for plan in plans} == {1, 2, 3, 4}
    assert {plan.staging for plan in plans} == {"file", "flash"}


def test_one_update_can_be_played_alone_and_is_always_the_same(capsys):
    first, second = [soak.soak(7, 1) for _ in range(2)]
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert told[0] == told[2] and told[1] == told[3]
    assert first["by_fault"] == second["by_fault"]


def test_a_process_that_dies_is_no_success(monkeypatch, tmp_path):
    broken = tmp_path / "worker.py"
    broken.write_text("print('\\x1e{\"begins\": 0}')\nraise SystemExit(3)\n")
    monkeypatch.setattr(soak, "SCRIPT", broken)
    assert [record["end"] for record in soak.play(0, 1)] == ["wrong"]


def test_a_process_that_says_nothing_is_hung(monkeypatch, tmp_path):
    broken = tmp_path / "worker.py"
    broken.write_text("print('\\x1e{\"begins\": 0}')\nwhile True:\n    pass\n")
    monkeypatch.setattr(soak, "SCRIPT", broken)
    monkeypatch.setattr(soak, "PATIENCE_S", 1)
    assert [record["end"] for record in soak.play(0, 1)] == ["hung"]


def test_what_must_not_be_is_told_as_wrong():
    """Each judgement can fail: the update of a plan, with one thing spoilt before it is judged."""
    from scratch import Scratch
    from tools.soak.update import Update, Wrong

    def dirty(device):
        device.engine.store.data = b"left"

    def moded(device):
        device.engine.hub.mode = "dfu"

    def broken(device):
        device.engine.violations.append("a rule")

    def lied(device):
        device.engine.dfu.stops.append({"mode": "completed", "text": "", "name": "app-9.9.9$1.img"})

    def mute(device):
        device.engine.dfu.stops.append({"mode": "error", "text": "no code here", "name": "app-2.0.0$1.img"})

    def spoilt(device):
        with open(device.root + "/notedfu.d/b/data/table.bin", "ab") as file:
            file.write(b"x")

    def doubtful(device):
        one = device.journal()
        one.state = 2
        one.save()

    for spoil in (None, dirty, moded, broken, lied, mute, spoilt, doubtful):
        with Scratch() as folder:
            update = Update(Plan(3), folder)
            assert update.play() == "installed"
            if spoil is None:
                continue
            spoil(update.device)
            try:
                update._judge(False)
            except Wrong:
                continue
            raise AssertionError("%s was not noticed" % spoil.__name__)


def test_the_soak_writes_what_it_found(monkeypatch):
    monkeypatch.setattr("sys.argv", ["soak", "-n", "2", "--seed", "3"])
    before = (paths.BUILD / "soak.json").read_bytes() if (paths.BUILD / "soak.json").exists() else None
    try:
        assert soak.main() == 0
        told = json.loads((paths.BUILD / "soak.json").read_text())
        assert (told["runs"], told["seed"], told["hung"], told["wrong"]) == (2, 3, 0, 0)
        for member in ("installed", "refused", "by_fault", "seconds"):
            assert member in told
    finally:
        if before is not None:
            (paths.BUILD / "soak.json").write_bytes(before)
