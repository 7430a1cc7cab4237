"""A whole update on each kind of board that the virtual board can be, as `make demo BOARD=` runs it."""

import pytest

from tools.demo import __main__ as demo

RUNS = (
    ("esp32", "i2c", "flash"),
    ("stm32", "i2c", "flash"),
    ("stm32-romfs", "i2c", "file"),
    ("circuitpython", "uart", "file"),
)  # rp2 is what test_demo.py runs


@pytest.mark.parametrize("board, link, staging", RUNS)
def test_a_whole_update(board, link, staging):
    assert demo.passes(link, staging, "update", "p256", board=board)


def test_a_summary_says_what_dualbank_does_not_promise(capsys):
    assert demo.passes("i2c", "file", "update", "p256", board="circuitpython-dualbank")
    assert "no rollback by the bootloader" in capsys.readouterr().out
