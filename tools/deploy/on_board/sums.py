# ruff: noqa: F821 - given: ROOT, where boot.py lies, and PATHS below it
import binascii
import json

buf = bytearray(512)
view = memoryview(buf)


def crc32_of(path):
    crc = 0
    with open(path, "rb") as file:
        while True:
            count = file.readinto(buf)
            if not count:
                return "crc32:%08x" % crc
            crc = binascii.crc32(view[:count], crc)


def sha256_of(path):
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            count = file.readinto(buf)
            if not count:
                return "sha256:" + binascii.hexlify(total.digest()).decode()
            total.update(view[:count])


try:
    import hashlib

    sum_of = sha256_of if hasattr(hashlib, "sha256") else crc32_of
except ImportError:
    sum_of = crc32_of

print("\x1e" + json.dumps({path: sum_of(ROOT + path) for path in PATHS}))
