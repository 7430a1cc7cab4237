# ruff: noqa: F821 - given: ROOT, where boot.py lies, and NAMES, [(name now, name then)]; what is not there is
# passed over, and so is what would replace a file that is not the updater's; belongs() comes from belongs.py
import json
import os

moved = []
for now, then in NAMES:
    try:
        os.stat(ROOT + now)
    except OSError:
        continue
    if belongs(then) is False:
        continue
    os.rename(ROOT + now, ROOT + then)
    moved.append(then)
print("\x1e" + json.dumps(moved))
