import rig
from check import raises
from notedfu import decide
from notedfu.journal import GOOD, IDLE, LOST, PENDING, STAGING, TRIAL
from notedfu.slots import KEPT, OTHER, RIGHT
from scratch import Scratch

STATES = (IDLE, STAGING, PENDING, TRIAL)
ACTIONS = (
    "rebuild", "swap", "discard", "try", "revert", "keep", "follow", "alone", "run", "fall-back",
    "recover",
)  # fmt: skip


def combinations():
    for record in (GOOD, LOST):
        for state in STATES:
            for runs in (RIGHT, KEPT, OTHER):
                for bits in range(32):
                    yield (record, state, runs) + tuple(bool(bits >> at & 1) for at in range(5))


def fits(row, found):
    return all(wanted is None or wanted == have for wanted, have in zip(row, found))


def test_every_combination_has_one_answer():
    for found in combinations():
        expected = [row[-1] for row in decide.TABLE if fits(row, found)][0]
        assert decide.decide(*found) == expected
        assert expected in ACTIONS


def test_every_row_decides_something():
    reached = set()
    for found in combinations():
        for at, row in enumerate(decide.TABLE):
            if fits(row, found):
                reached.add(at)
                break
    assert reached == set(range(len(decide.TABLE)))


def test_no_app_on_trial_runs_without_an_attempt_left():
    for found in combinations():
        if found[1] == TRIAL and not found[3]:
            assert decide.decide(*found) not in ("try", "run")


def test_no_app_runs_on_the_other_slots_firmware():
    for found in combinations():
        if found[2] == OTHER:
            assert decide.decide(*found) in ("rebuild", "revert", "follow")


def test_an_unknown_state_is_not_decided_silently():
    raises(AssertionError, decide.decide, GOOD, IDLE, RIGHT, False, None, None, None, False)


def test_an_empty_board_is_in_recovery_and_asks_the_notecard():
    with Scratch() as folder:
        device = rig.Rig(folder)
        assert device.boot(for_s=30) == "power"
        assert "recovery" in device.said[-1]
        assert device.requests("dfu.status")
