# ruff: noqa: F821 - given: ROOT, where boot.py lies, and PATHS, the files that a deployment would write;
# belongs() comes from belongs.py
import gc
import json
import os
import sys


def size(path):
    try:
        return os.stat(ROOT + path)[6]
    except OSError:
        return None


def has_sha256():
    try:
        from hashlib import sha256
    except ImportError:
        return False
    return bool(sha256)


def has_ota_slot():
    try:
        from esp32 import Partition

        return bool(Partition(Partition.RUNNING).get_next_update())
    except (ImportError, OSError):
        return False


def target():
    """As the board's settings have it; None where they can't be read."""
    try:
        with open(ROOT + "/notedfu.json") as file:
            return json.load(file).get("target")
    except (AttributeError, MemoryError, OSError, RuntimeError, ValueError):  # no end to brackets, too
        return None


MPY = getattr(sys.implementation, "_mpy", 0)
status = os.statvfs(ROOT or "/")
gc.collect()
answer = {
    "interpreter": sys.implementation.name,
    "version": ".".join(str(part) for part in sys.implementation.version[:3]),
    "machine": getattr(sys.implementation, "_machine", sys.platform),
    "platform": sys.platform,
    "ota": has_ota_slot(),
    "mpy": MPY & 0xFF,
    "native": MPY >> 8 & 3,
    "processor": MPY >> 10 & 0x3F,
    "block": status[0],
    "free": status[0] * status[3],
    "heap": gc.mem_free(),
    "sha256": has_sha256(),
    "sizes": {path: size(path) for path in PATHS},
    "main": belongs("/main.py"),
    "boot": belongs("/boot.py"),
    "kept": size("/boot.before-notedfu.py") is not None,
    "settings": size("/notedfu.json") is not None,
    "target": target(),
}
print("\x1e" + json.dumps(answer))
