"""The library's modules: their compiled size, the heap that importing them takes, and who imports whom."""

import ast
import json
import subprocess
from pathlib import Path

from tools import paths
from tools.failure import Failure

LIBRARY = paths.ROOT / "lib" / "notedfu"
TREE = paths.BUILD / "size"
_OTHER_INTERPRETER = ("port.circuitpython",)
_VIPER = "fast"  # shipped as source and compiled on the board: the wheel's own architecture stands in

# Imports each module in turn and says what stays. `port` can't be: it needs a board's `machine`.
_HEAP_SCRIPT = """
import gc, json, sys
sys.path.insert(0, sys.argv[1])
import binascii, hashlib, struct, os, array, errno, micropython
found = {}
for name in sys.argv[2:]:
    gc.collect()
    before = gc.mem_alloc()
    __import__("notedfu." + name if name else "notedfu")
    gc.collect()
    found[name] = gc.mem_alloc() - before
print(json.dumps(found))
"""


def dotted(path):
    """The name under which notedfu/link.py is imported, "notedfu.link".

    As that name is in RAM with the module anyway, mpy-cross gets it for tracebacks; a path would be one more.
    """
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def names():
    """All modules that go on a board, "" for the package itself and dots for folders."""
    found = []
    for source in sorted(LIBRARY.rglob("*.py")):
        name = dotted(source.relative_to(LIBRARY))
        if name not in _OTHER_INTERPRETER:
            found.append(name)
    return found


def source(name):
    """The file of a module."""
    path = LIBRARY / name.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def compile_all(tree=TREE, options=()):
    """Compile every module below tree/notedfu. Returns {name: bytes of .mpy}."""
    sizes = {}
    for name in names():
        path = source(name)
        relative = path.relative_to(LIBRARY)
        target = (Path(tree) / "notedfu" / relative).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        command = [paths.MPY_CROSS, *options, "-s", dotted("notedfu" / relative), "-o", str(target)]
        if name == _VIPER:
            command.insert(1, "-march=x64")
        done = subprocess.run([*command, str(path)], capture_output=True, text=True)
        if done.returncode:
            raise Failure("mpy-cross refuses %s: %s" % (path, done.stderr.strip()))
        sizes[name] = target.stat().st_size
    return sizes


def imports(name):
    """The library's modules that `name` imports at module level."""
    known = names()
    found = set()
    for node in ast.parse(source(name).read_text()).body:
        if isinstance(node, ast.Try):
            found.update(_of_statements(node.body, known))
        else:
            found.update(_of_statements([node], known))
    return found


def _of_statements(nodes, known):
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "notedfu":
            inner = node.module[len("notedfu.") :]
            if inner:
                yield inner
            for alias in node.names:
                whole = (inner + "." if inner else "") + alias.name
                if whole in known:
                    yield whole


def closure(roots):
    """`roots` and all that is imported with them, in an order in which each comes after what it imports."""
    order = []

    def visit(name):
        if name in order:
            return
        for other in sorted(imports(name)):
            visit(other)
        order.append(name)

    if roots:
        order.append("")
    for root in roots:
        visit(root)
    return order


def heap(tree=TREE):
    """{name: bytes that stay allocated after its import}, on 64 bits; a board of 32 takes about half.

    Modules come in the order of their imports, so each is charged for itself alone.
    """
    wanted = [name for name in closure(names()) if not name.startswith("port")]
    order = sorted(set(wanted), key=wanted.index)
    command = [paths.MICROPYTHON, "-X", "heapsize=1M", "-c", _HEAP_SCRIPT, str(tree), *order]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failure("the modules can't be imported: " + done.stdout + done.stderr)
    return json.loads(done.stdout)
