# ruff: noqa: F821 - given: ROOT, where boot.py lies, and PATHS, files and folders
import json
import os

_FOLDER = 0x4000


def remove(path):
    try:
        is_folder = os.stat(path)[0] & _FOLDER
    except OSError:
        return
    if is_folder:
        for name in os.listdir(path):
            remove(path + "/" + name)
        os.rmdir(path)
    else:
        os.remove(path)


for path in PATHS:
    remove(ROOT + path)
print("\x1e" + json.dumps(True))
