"""docs/ERRORS.md has a row for every code that the library raises, and no others."""

import ast
import re

from tools import paths

LIB = paths.ROOT / "lib" / "notedfu"
PAGE = paths.ROOT / "docs" / "ERRORS.md"
CLASSES = ("LinkError", "RequestError", "TransferError", "ImageError", "LocalError", "SettingsError")


def raised():
    """{(code, class)} of every error made with a code that is written out."""
    found = set()
    for path in LIB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in CLASSES:
                if isinstance(node.args[0], ast.Constant):
                    found.add((node.args[0].value, node.func.id))
    return found


def rows():
    return re.findall(r"^\| ([a-z0-9-]+) \| ([A-Z]\w+Error) \| .+ \| .+ \|$", PAGE.read_text(), re.M)


def test_every_code_has_its_row():
    assert raised() - set(rows()) == set()


def test_no_code_has_two_rows():
    codes = [code for code, _ in rows()]
    assert sorted(codes) == sorted(set(codes))


def test_rows_are_sorted_by_class_and_code():
    assert rows() == sorted(rows(), key=lambda row: (row[1], row[0]))


def test_every_row_has_its_code_in_the_library():
    text = "".join(path.read_text() for path in LIB.rglob("*.py"))
    assert [code for code, _ in rows() if '"%s"' % code not in text] == []
