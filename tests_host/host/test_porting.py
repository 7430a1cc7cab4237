"""Each port has exactly the obligations that docs/PORTING.md lists."""

import ast
import re

import pytest

from tools import paths

PORTS = (
    ("lib/notedfu/port/micropython.py", "Port"),
    ("lib/notedfu/port/circuitpython.py", "Port"),
    ("tests_host/rig.py", "RigPort"),
)


def obligations():
    """{name: its arguments as text, or None for an attribute} of the table."""
    table = (paths.ROOT / "docs" / "PORTING.md").read_text()
    rows = re.findall(r"^\| `(\w+)(?:\((.*?)\))?` \|", table, re.M)
    calls = re.findall(r"^\| `(\w+)\(", table, re.M)
    return {name: arguments if name in calls else None for name, arguments in rows}


def offers(path, name):
    """The same of a class, of BasePort if it is one, and of `later` if it hands on; nothing private."""
    tree = ast.parse((paths.ROOT / path).read_text())
    (found,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    have = {}
    if "BasePort" in [ast.unparse(base) for base in found.bases]:
        have = offers("lib/notedfu/port/__init__.py", "BasePort")
    named = {node.name for node in found.body if isinstance(node, ast.FunctionDef)}
    later = []
    if "__getattr__" in named:
        later = ast.parse((paths.ROOT / "lib/notedfu/port/later.py").read_text()).body
    for node in found.body + later:
        if isinstance(node, ast.FunctionDef):
            have[node.name] = ast.unparse(node.args).replace("self, ", "").replace("self", "")
        elif isinstance(node, ast.Assign):
            have[node.targets[0].id] = None
    for node in ast.walk(found):  # an attribute may also be set in the constructor
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if getattr(node.value, "id", "") == "self":
                have.setdefault(node.attr, None)
    return {name: arguments for name, arguments in have.items() if not name.startswith("_")}


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port[0])
def test_a_port_has_the_obligations_and_nothing_else(port):
    wanted = {name: args and args.replace("'", '"') for name, args in obligations().items()}
    have = {name: args and args.replace("'", '"') for name, args in offers(*port).items()}
    assert have == wanted


def test_the_page_lists_them():
    listed = obligations()
    assert listed["bus"] == "settings" and listed["root"] is None and listed["reset"] == ""
    assert len(listed) >= 15
