# ruff: noqa: F821 - given: ROOT, where boot.py lies, and NAMES, [(name now, name then)]; what is not there is
# passed over, and so is what would replace a file that is not the updater's
import json
import os


def is_free(path):
    try:
        with open(ROOT + path, "rb") as file:
            return b"Belongs to notedfu" in file.read(200)
    except OSError:
        return True


moved = []
for now, then in NAMES:
    try:
        os.stat(ROOT + now)
    except OSError:
        continue
    if not is_free(then):
        continue
    os.rename(ROOT + now, ROOT + then)
    moved.append(then)
print("\x1e" + json.dumps(moved))
