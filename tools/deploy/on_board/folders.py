# ruff: noqa: F821 - given: ROOT, where boot.py lies, and FOLDERS to be made, outermost first
import json
import os

for folder in FOLDERS:
    try:
        os.mkdir(ROOT + folder)
    except OSError as error:
        if error.args[0] != 17:  # EEXIST
            raise
print("\x1e" + json.dumps(True))
