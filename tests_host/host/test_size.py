"""The library stays about as small as it was at the last release; `make size` shows where it grows."""

import json

import pytest

from tools.size import modules, phases
from tools.size.__main__ import BASELINE

SLACK = 1.15  # above this a release has to be made, or something to be thrown out


@pytest.fixture(scope="module")
def sizes(tmp_path_factory):
    return modules.compile_all(tmp_path_factory.mktemp("size"))


@pytest.mark.parametrize("phase", phases.PHASES)
def test_no_phase_grows_unnoticed(sizes, phase):
    before = json.loads(BASELINE.read_text())["phases"][phase]
    assert sum(sizes[name] for name in phases.modules(phase)) <= before * SLACK


def test_a_boot_loads_no_link_and_nothing_of_the_download():
    boot = phases.modules("boot") + phases.modules("app")
    assert not set(boot) & {
        "link",
        "i2c",
        "uart",
        "reply",
        "transactions",
        "update",
        "image",
        "fast",
        "verdict",
    }


def test_each_module_is_imported_after_what_it_imports():
    order = modules.closure(["assemble"])
    for at, name in enumerate(order):
        assert not modules.imports(name) - set(order[:at]), name
