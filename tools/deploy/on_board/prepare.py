# ruff: noqa: F821 - given: ROOT, where boot.py lies, FOLDERS to be made, REPLACE_APP
import json
import os

DATA = ROOT + "/notedfu.d"
_FOLDER = 0x4000


def is_folder(path):
    try:
        return bool(os.stat(path)[0] & _FOLDER)
    except OSError:
        return None


def remove(path):
    found = is_folder(path)
    if found:
        for name in os.listdir(path):
            remove(path + "/" + name)
        os.rmdir(path)
    elif found is not None:
        os.remove(path)


if REPLACE_APP:
    for end in (".manifest", ".confirmed", ""):  # the manifest first: from then on the slot counts as empty
        remove(DATA + "/a" + end)
    remove(DATA + "/staging.img")
for folder in FOLDERS:
    if not is_folder(ROOT + folder):
        os.mkdir(ROOT + folder)
print("\x1e" + json.dumps(True))
