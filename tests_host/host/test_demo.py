"""`make demo`, as the suite runs it: every way in which it must end, judged by what the flash says."""

import pytest

from tools.demo import __main__ as demo
from tools.demo import pool
from tools.demo.firmware import BY_HAND


@pytest.fixture(scope="module")
def demos():
    """All of them, run beside each other: {demo: pool.Ended}."""
    return {ended.one: ended for ended in pool.run(demo.everything())}


@pytest.mark.parametrize("one", demo.everything(), ids="-".join)
def test_the_demo_ends_as_its_scenario_says(one, demos):
    ended = demos[one]
    assert ended.passed, ended.text
    assert (ended.result["link"], ended.result["staging"]) == one[:2]
    assert ended.result["result"] == demo.SCENARIOS[one[2]].result
    assert ended.result["violations"] == 0


def test_every_scenario_is_run():
    assert {one[2] for one in demo.everything()} == set(demo.SCENARIOS) - {one.name for one in BY_HAND}


def test_a_result_that_is_not_the_scenarios_is_a_failure():
    scenario = demo.SCENARIOS["update"]()
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
    revert = demo.SCENARIOS["revert"]()
    assert demo.problems(revert, dict(good, result="reverted", reported={"err": "bad-crc32: x"}))
