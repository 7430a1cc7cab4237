"""The library, executed anew for each boot from code that was compiled once.

A case boots five times and more, and each boot must have modules that know nothing of the one before: their
bodies run again, from the first line. To read and compile them again would take most of a case's time.
"""

import builtins
import sys

_PACKAGE = "notedfu"
_INSIDE = "notedfu."
_BUILT_IN = ("binascii", "collections", "errno", "hashlib", "io", "json", "os", "struct", "time", "vfs")

_import = builtins.__import__
_known = {}  # name: _Module


class _NoCollector:
    """What the library gets for `gc`: the heap here is no board's, and is collected when it is full."""

    def collect(self):
        pass


class _Module:
    """A module's object and code. `outer`: the package it lies in, `last`: its name there."""

    def __init__(self, name):
        _import(name, None, None, ("*",), 0)
        self.module = sys.modules[name]
        with open(self.module.__file__) as file:
            self.code = compile(file.read(), self.module.__file__, "exec")
        self.outer, _, self.last = name.rpartition(".")
        self.path = getattr(self.module, "__path__", None)


def anew(app):
    """Forget all modules of the library, and the module `app`: the next import is that of a fresh boot."""
    have = sys.modules
    for name in list(have):
        if name == app or name == _PACKAGE or name.startswith(_INSIDE):
            have.pop(name)


def install():
    """Let `import notedfu.x` work so from here on. What is built in is not looked for on the board first."""
    for name in _BUILT_IN:
        sys.modules[name] = _import(name)
    sys.modules["gc"] = _NoCollector()
    builtins.__import__ = _imported


def _imported(name, globals=None, locals=None, fromlist=None, level=0):
    have = sys.modules
    if name not in have or not fromlist and "." in name:
        if level or not (name == _PACKAGE or name.startswith(_INSIDE)):
            return _import(name, globals, locals, fromlist, level)
        if name not in have:
            _load(name)
    return have[name] if fromlist or "." not in name else have[_PACKAGE]


def _load(name):
    have = sys.modules
    if name not in _known:
        _known[name] = _Module(name)
    one = _known[name]
    if one.outer and one.outer not in have:
        _load(one.outer)
    scope = one.module.__dict__
    if one.path:  # a package: the modules in it are not loaded yet
        kept = {key: scope[key] for key in ("__name__", "__file__", "__path__")}
        scope.clear()
        scope.update(kept)
        scope["__path__"] = one.path
    have[name] = one.module
    exec(one.code, scope)
    if one.outer:
        setattr(have[one.outer], one.last, one.module)
