"""`make demo`, as the suite runs it: every way in which it must end, judged by what the flash says."""

import json

import pytest

from tools import paths
from tools.demo import __main__ as demo
from tools.demo.scenarios import SCENARIOS


@pytest.mark.parametrize("one", demo.everything(), ids="-".join)
def test_the_demo_ends_as_its_scenario_says(one):
    assert demo.passes(*one)
    result = json.loads((paths.BUILD / "demo.json").read_text())
    assert result["result"] == SCENARIOS[one[2]].result
    assert (result["link"], result["staging"]) == one[:2]
    assert result["violations"] == 0


def test_every_scenario_is_run():
    assert {one[2] for one in demo.everything()} == set(SCENARIOS)


def test_a_result_that_is_not_the_scenarios_is_a_failure():
    scenario = SCENARIOS["update"]()
    good = {
        "result": "confirmed",
        "app_before": "1.0.0",
        "app_after": "2.0.0",
        "printed_after": "2.0.0",
        "notecard_mode": "completed",
        "violations": 0,
        "image_crc32": 1,
        "fetched_bytes": 50000,
        "staged_crc32": 1,
        "reported": {"status": "installed 2.0.0+0"},
    }
    assert demo.problems(scenario, good) == []
    for name, wrong in (
        ("result", "reverted"),
        ("app_after", "1.0.0"),
        ("printed_after", "1.0.0"),
        ("notecard_mode", "ready"),
        ("violations", 1),
        ("staged_crc32", None),
    ):
        assert demo.problems(scenario, dict(good, **{name: wrong})), name
    revert = SCENARIOS["revert"]()
    assert demo.problems(revert, dict(good, result="reverted", reported={"err": "bad-crc32: x"}))
