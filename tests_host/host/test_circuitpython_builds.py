"""All of the library that goes on a CircuitPython board compiles for bytecode alone."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

from tools import paths

LIB = paths.ROOT / "lib" / "notedfu"
VIPER = ("fast.py",)  # a SyntaxError there: it stays off the board, and twins.py does without
OTHER = ("port/micropython.py", "port/wires.py")


def modules():
    names = [path.relative_to(LIB).as_posix() for path in sorted(LIB.rglob("*.py"))]
    return [name for name in names if name not in VIPER + OTHER]


def test_every_module_compiles_without_native_code(tmp_path):
    def compiled(name):
        target = tmp_path / name.replace("/", "-")
        command = [paths.MPY_CROSS, "-o", str(target), str(LIB / name)]  # without -march: no native code
        done = subprocess.run(command, capture_output=True, text=True)
        return done.stderr

    with ThreadPoolExecutor() as pool:
        assert [error for error in pool.map(compiled, modules()) if error] == []


def test_the_module_with_native_code_is_the_only_one_that_does_not(tmp_path):
    command = [paths.MPY_CROSS, "-o", str(tmp_path / "x"), str(LIB / "fast.py")]
    assert subprocess.run(command, capture_output=True).returncode != 0


def test_no_module_but_twins_knows_the_native_one():
    knowing = [name for name in modules() if "fast" in _imported(LIB / name)]
    assert knowing == ["twins.py"]


def _imported(path):
    import ast

    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "notedfu":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[-1])
    return names
