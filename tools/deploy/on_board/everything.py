# ruff: noqa: F821 - ROOT is given: where boot.py lies
import json
import os

_FOLDER = 0x4000


def walk(folder, folders, files):
    for name in os.listdir(ROOT + folder or "/"):
        path = folder + "/" + name
        status = os.stat(ROOT + path)
        if status[0] & _FOLDER:
            folders.append(path)
            walk(path, folders, files)
        else:
            files.append(path)
    return folders, files


print("\x1e" + json.dumps(walk("", [], [])))
