"""What docs/boards says of the updater's size is about what it is."""

import re

import pytest

from tools import paths
from tools.deploy import bundle, drive

SLACK = 0.1
_FOLDERS = 7 * 8  # KiB: on LittleFS a folder takes two blocks of 4 KiB; lib, notedfu, port, and the data's four
_JOURNAL = 12  # KiB: two copies and the reserve, at most


def size(tree, unit):
    return sum(-(-file.stat().st_size // unit) * unit for file in bundle.files(tree).values()) / 1024


def said(page, pattern):
    return int(re.search(pattern, (paths.ROOT / "docs" / "boards" / (page + ".md")).read_text()).group(1))


@pytest.mark.parametrize("page", ("rp2", "esp32", "stm32"))
def test_a_page_says_how_much_the_compiled_updater_takes(page, tmp_path):
    bundle.library(tmp_path)
    bundle.start_files(tmp_path, None)
    takes = size(tmp_path, 4096) + _FOLDERS + _JOURNAL
    assert abs(said(page, r"updater\s\(?(\d+) KiB") / takes - 1) < SLACK, takes


def test_circuitpythons_page_says_how_much_the_sources_take(tmp_path):
    drive.lay_out(tmp_path, None, None)
    takes = size(tmp_path, 512)
    assert abs(said("circuitpython", r"less (\d+) KiB for the updater's sources") / takes - 1) < SLACK, takes
