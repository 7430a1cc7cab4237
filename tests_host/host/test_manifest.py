"""manifest.py freezes what a MicroPython board can use, under names that can live together in a firmware.

That it is so in a real build, `make frozen MICROPYTHON=...` shows.
"""

import pytest

from tools import paths
from tools.deploy import choice

_ROOT = paths.ROOT
_SETTINGS = "notedfu_json.py"  # what docs/boards/rp2.md has frozen beside it


class Options:
    def __init__(self, **given):
        self.__dict__.update(given)
        self._given = given

    def defaults(self, **values):
        self.__dict__.update(dict(values, **self._given))


def frozen(monkeypatch, **given):
    """The names of all files, as MicroPython's manifestfile.py would collect them."""
    monkeypatch.chdir(_ROOT)
    found = []
    names = {
        "metadata": lambda **words: None,
        "options": Options(**given),
        "package": lambda name, files, base_path: found.extend(name + "/" + file for file in files),
        "module": found.append,
    }
    exec((_ROOT / "manifest.py").read_text(), names)
    return found


@pytest.mark.parametrize("viper", (True, False))
def test_it_freezes_all_but_circuitpythons_modules(viper, monkeypatch):
    found = set(frozen(monkeypatch, viper=viper))
    library = {path.relative_to(_ROOT / "lib").as_posix() for path in (_ROOT / "lib").rglob("*.py")}
    wanted = library - {"notedfu/" + name for name in choice.CIRCUITPYTHON} | {"boot.py", "main.py"}
    assert found == (wanted if viper else wanted - {"notedfu/fast.py"})


def test_no_two_frozen_modules_have_one_name_in_c(monkeypatch):
    """mpy-tool.py writes both / and . as _: notedfu_settings.py would be notedfu/settings.py once more."""
    names = [name[:-3].replace("/", "_").replace(".", "_") for name in [*frozen(monkeypatch), _SETTINGS]]
    assert len(set(names)) == len(names)
    assert _SETTINGS[:-3] in (_ROOT / "lib/notedfu/factory.py").read_text()
    assert _SETTINGS in (_ROOT / "docs/boards/rp2.md").read_text()
