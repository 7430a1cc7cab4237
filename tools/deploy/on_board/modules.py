# ruff: noqa: F821 - ROOT is given: where boot.py lies
# What is frozen or built in, by help(), and in front of the answer; then the files that come before that.
import json
import os

DATA = ROOT + "/notedfu.d"


def listed(folder):
    try:
        return [folder + "/" + name for name in os.listdir(folder or "/")]
    except OSError:
        return []


help("modules")
print("\x1e" + json.dumps({"files": listed(ROOT) + listed(DATA + "/a") + listed(DATA + "/b")}))
