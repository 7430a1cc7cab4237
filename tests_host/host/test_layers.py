"""Imports in lib/notedfu go down the layers only, and only port/ names what belongs to a port."""

import ast
import re

import pytest

from tools import paths

LIB = paths.ROOT / "lib" / "notedfu"
DESIGN = paths.ROOT / "docs" / "DESIGN.md"
PORT_NAMES = {
    "machine", "time", "esp32", "rp2", "pyb", "busio", "board", "storage", "supervisor", "microcontroller",
    "dualbank", "watchdog", "digitalio", "adafruit_bus_device", "vfs", "uos", "utime",
}  # fmt: skip


def layers():
    """{module: layer} from the table in docs/DESIGN.md, the one place where it is kept."""
    found = {}
    for number, names in re.findall(r"^    (\d+)  +(\S.*)$", DESIGN.read_text(), re.M):
        for name in names.split():
            found[name] = int(number)
    return found


def modules():
    return sorted(path for path in LIB.glob("*.py") if path.name != "__init__.py")


def imports(path):
    """(top-level name, module of notedfu or None) of every import in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0], None
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "%s: imports inside the package are absolute" % path.name
            parts = node.module.split(".")
            if parts[0] != "notedfu":
                yield parts[0], None
            elif len(parts) > 1:
                yield "notedfu", parts[1]
            else:
                for alias in node.names:
                    yield "notedfu", alias.name


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_imports_go_down_only(path):
    table = layers()
    assert path.stem in table, "docs/DESIGN.md section 3 has no layer for %s" % path.stem
    for _, module in imports(path):
        if module is not None and module != "port":
            assert table[module] < table[path.stem], "%s imports %s, which is not below it" % (
                path.stem,
                module,
            )


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_no_port_is_named_outside_port(path):
    named = {name for name, _ in imports(path)}
    assert not named & PORT_NAMES
    assert "sys.implementation" not in path.read_text()
    assert "sys.platform" not in path.read_text()


def test_every_layer_of_the_table_has_its_file():
    missing = {name for name in layers() if not (LIB / (name + ".py")).exists()}
    assert not missing
