# ruff: noqa: F821 - ROOT is given: where boot.py lies
import json
import os

_FOLDER = 0x4000
_NOT_THE_PROJECT = (
    "/lib",
    "/notedfu.d",
    "/boot.py",
    "/boot.before-notedfu.py",
    "/notedfu.json",
    "/notedfu.off",
)


def walk(folder, found):
    for name in os.listdir(ROOT + folder or "/"):
        path = folder + "/" + name
        if path in _NOT_THE_PROJECT:
            continue
        if os.stat(ROOT + path)[0] & _FOLDER:
            walk(path, found)
        else:
            found.append(path)
    return found


print("\x1e" + json.dumps(walk("", [])))
