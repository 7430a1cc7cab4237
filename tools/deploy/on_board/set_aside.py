# ruff: noqa: F821 - NAMES is given: [(name now, name then)]; what is not there is passed over
import json
import os

moved = []
for now, then in NAMES:
    try:
        os.stat(now)
    except OSError:
        continue
    os.rename(now, then)
    moved.append(then)
print("\x1e" + json.dumps(moved))
