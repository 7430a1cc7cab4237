"""What the pages say of RAM is what was measured: docs/bench/ram.json, which `make ram` writes."""

import json
import re
import shutil

import pytest

from tools import paths
from tools.bench import host
from tools.ram import __main__ as ram
from tools.ram.lives import RAM, Board

_SAVED = json.loads(ram.SAVED.read_text())
MEASURED = _SAVED["heap"]
_COLUMNS = {"deployed": "mpy", "frozen in": "frozen", "sources": "source", ".mpy": "mpy"}
_ROWS = {
    "beside an app, nothing to do": "app",
    "beside an app, from its first `dfu.poll()` on": "checked",
    "while an image comes": "download",
    "the most, in moments": "peak",
}
PAGES = ("rp2", "esp32", "stm32", "circuitpython")


def tables(page):
    """The tables of a page: lists of rows, which are lists of cells."""
    found = [[]]
    for line in page.split("\n"):
        if line.startswith("|"):
            if not line.startswith("|---"):
                found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    return found


def kib(library, phase):
    return -(-MEASURED[library]["i2c 4096"][phase] // 1024)


def page(name):
    return (paths.ROOT / "docs" / "boards" / (name + ".md")).read_text()


@pytest.mark.parametrize("name", PAGES)
def test_each_page_has_the_bill_by_phase(name):
    (bill,) = [table for table in tables(page(name)) if table and table[0][0] == "KiB of heap"]
    head, *rows = bill
    assert [row[0] for row in rows] == list(_ROWS)
    for text, *figures in rows:
        for column, figure in zip(head[1:], figures, strict=True):
            assert int(figure) == kib(_COLUMNS[column], _ROWS[text]), (text, column)


@pytest.mark.parametrize("name", ("rp2", "stm32"))
def test_what_is_left_is_the_heap_less_the_peak(name):
    (left,) = [table for table in tables(page(name)) if table and table[0][0] == "board"]
    for board, heap, *figures in left[1:]:
        for library, figure in zip(("mpy", "frozen"), figures, strict=True):
            rest = int(heap) - kib(library, "peak")
            assert figure == (str(rest) if rest > 0 else "does not fit"), board


def test_what_an_esp32s_heap_must_grow_by_is_the_peak_less_its_first_size():
    (grows,) = [table for table in tables(page("esp32")) if table and table[0][0] == "board"]
    for board, heap, *figures in grows[1:]:
        for library, figure in zip(("mpy", "frozen"), figures, strict=True):
            assert int(figure) == max(0, kib(library, "peak") - int(heap)), board


def test_the_page_of_all_figures_has_each():
    text = (paths.ROOT / "docs" / "RAM.md").read_text()
    told = {}
    for library, settings, *figures in re.findall(
        r"^\| `(\w+)` \| ([^|]+) \| (\S+) \| (\S+) \| (\S+) \| (\S+) \|", text, re.M
    ):
        told.setdefault(library, {})[settings] = dict(
            zip(ram.PHASES, [int(figure.replace(",", "")) for figure in figures], strict=True)
        )
    assert told == MEASURED


def test_what_the_pages_say_of_a_smaller_page_is_measured():
    for library in ("mpy", "frozen"):
        rows = MEASURED[library]
        for phase in ("app", "checked", "download", "peak"):
            assert 3000 <= rows["i2c 4096"][phase] - rows["i2c 1024"][phase] <= 6200
            most = 33000 if phase == "peak" else 4200
            assert 4000 <= rows["i2c 8192"][phase] - rows["i2c 4096"][phase] <= most


def test_the_figures_have_not_grown_old():
    """They are of code that weighs what today's does: else `make ram`, and the pages after it."""
    assert abs(ram.code() / _SAVED["code"] - 1) < 0.1


def test_the_board_that_is_measured_comes_through_an_update():
    """On the interpreter that is at hand: `make ram` builds its own from sources that are not."""
    try:
        found = ram.phases(Board(paths.MICROPYTHON, RAM), 16, {"page": 4096})
    finally:
        shutil.rmtree(host.SCRATCH, ignore_errors=True)
    assert set(found) == {"before", *ram.PHASES[:3]} and 0 < found["app"] < found["download"]
