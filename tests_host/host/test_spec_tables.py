"""The two tables of docs/SPEC.md are those of the code, row by row; docs/APP.md names all of the handle."""

import re

from notedfu import decide, health
from notedfu.handle import Updates
from notedfu.journal import IDLE, PENDING, STAGING, TRIAL
from tools import paths

SPEC = (paths.ROOT / "docs" / "SPEC.md").read_text(encoding="utf-8")
STATES = {"idle": IDLE, "staging": STAGING, "pending": PENDING, "trial": TRIAL}
WORDS = dict(STATES, **{"-": None, "yes": True, "no": False})


def rows(heading, first):
    """The cells of the table below `heading` whose head begins with `first`, as lists of words."""
    section = SPEC.split("\n## " + heading + "\n", 1)[1].split("\n## ", 1)[0]
    table = section.split("\n| %s |" % first, 1)[1].split("\n\n", 1)[0]
    lines = [line for line in table.split("\n")[1:] if not re.match(r"^\|[-|]+\|$", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def meant(cells):
    return tuple(WORDS.get(cell, cell) for cell in cells)


def test_what_a_boot_does_is_the_same_in_the_page_and_in_the_code():
    assert [meant(row) for row in rows("What a boot does", "record")] == list(decide.TABLE)


def test_each_action_has_its_words():
    assert {row[0] for row in rows("What a boot does", "action")} == {row[-1] for row in decide.TABLE}


def test_what_the_end_of_a_run_means_is_the_same_in_the_page_and_in_the_code():
    assert [meant(row) for row in rows("What the end of a run means", "the run")] == list(health.ENDS)


def test_each_meaning_has_its_words():
    explained = set(re.findall(r"^- \*\*([a-z ]+)\*\*:", SPEC.split("What the end of a run means")[1], re.M))
    assert explained == {row[-1] for row in health.ENDS}


def test_the_apps_page_names_what_the_handle_has_and_nothing_else():
    page = (paths.ROOT / "docs" / "APP.md").read_text(encoding="utf-8")
    table = page.split("\n## The handle\n", 1)[1].split("\n\n`poll()`", 1)[0]
    named = set(re.findall(r"`dfu\.(\w+)", table))
    has = {name for name in dir(Updates) if name[0] != "_"} | {"progress"}
    assert named == has - {"install_unasked", "run_async"}, "which supervise and glance alone call"
