"""An interpreter that takes none of the updater's .mpy: boot.py and main.py end in a reset, and keep nothing.

On an ESP32 with OTA slots that brings the old firmware back (tests_host/test_ota.py has the rest).
"""

import builtins
import sys
import types

import pytest

from tools import paths


class Reset(BaseException):
    """The board resets."""


@pytest.fixture
def slept(monkeypatch):
    """The pauses in seconds; `import notedfu` fails as it does for a .mpy of another version."""
    pauses = []
    load = builtins.__import__

    def refuse(name, *more):
        if name.split(".")[0] == "notedfu":
            raise ValueError("incompatible .mpy file")
        return load(name, *more)

    def reset():
        raise Reset

    monkeypatch.setitem(sys.modules, "machine", types.SimpleNamespace(reset=reset))
    monkeypatch.setitem(sys.modules, "time", types.SimpleNamespace(sleep=pauses.append))
    monkeypatch.setattr(sys, "print_exception", lambda error: pauses.append(str(error)), raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    return pauses


def run(name):
    exec((paths.ROOT / name).read_text(), {"__name__": "__main__"})


def test_boot_py_says_so_and_lets_main_py_have_its_turn(slept):
    run("boot.py")
    assert slept == ["incompatible .mpy file"]


def test_main_py_says_so_and_resets_after_a_minute(slept):
    with pytest.raises(Reset):
        run("main.py")
    assert slept == ["incompatible .mpy file", 60]
