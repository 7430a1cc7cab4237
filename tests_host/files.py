"""A folder of its own for each test that needs files, by the os functions that all interpreters share."""

import os

ROOT = "build/tests"


def fresh(name):
    """Make an empty folder build/tests/<name> and return its path."""
    path = ""
    for part in (ROOT + "/" + name).split("/"):
        path = path + "/" + part if path else part
        try:
            os.mkdir(path)
        except OSError:
            pass  # it is there already
    clear(path)
    return path


def clear(path):
    """Remove all that is in the folder `path`."""
    for name in os.listdir(path):
        inner = path + "/" + name
        if is_folder(inner):
            clear(inner)
            os.rmdir(inner)
        else:
            os.remove(inner)


def is_folder(path):
    return os.stat(path)[0] & 0x4000 != 0


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()
