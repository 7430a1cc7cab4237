"""The download half of the library, for an image that brings its own: what no app's start loads."""

import ast

from tools import paths

VIPER = "notedfu/fast.py"  # compiled on the board, for its own processor
LIB = paths.ROOT / "lib" / "notedfu"
_BOOT = (
    "bootup",
    "decide",
    "supervise",
)  # with what these import at module level, they come from /lib always


def _imports(path):
    """The modules of notedfu that a source imports at module level."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        for part in ast.walk(node) if isinstance(node, ast.Try) else (node,):
            if isinstance(part, ast.ImportFrom) and part.module == "notedfu":
                yield from (alias.name for alias in part.names)
            elif isinstance(part, ast.ImportFrom) and (part.module or "").startswith("notedfu."):
                yield part.module.split(".", 1)[1]


def boot_half():
    """The names of the modules that are fixed in the field."""
    found, todo = set(), list(_BOOT)
    while todo:
        name = todo.pop()
        path = LIB / (name.replace(".", "/") + ".py")
        if name not in found and path.exists():
            found.add(name)
            todo += _imports(path)
    return found


def files():
    """(path in the slot, Path) of every module of the download half."""
    fixed = boot_half()
    for source in sorted(LIB.glob("*.py")):
        if source.stem not in fixed and source.stem != "__init__":
            yield "notedfu/" + source.name, source
