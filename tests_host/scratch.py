"""A folder under build/ for one test, on every interpreter: `with Scratch() as folder:`."""

import os

_ROOT = __file__.rsplit("/", 2)[0]
_FOLDER = 0x4000


class Scratch:
    """Makes an empty folder with a name of its own, gives its path, and removes it with all that is in it."""

    def __init__(self):
        name = "".join("%02x" % byte for byte in os.urandom(6))
        self.path = "%s/build/scratch/%s" % (_ROOT, name)

    def __enter__(self):
        for folder in (_ROOT + "/build", _ROOT + "/build/scratch", self.path):
            try:
                os.mkdir(folder)
            except OSError:
                os.stat(folder)
        return self.path

    def __exit__(self, *_):
        remove(self.path)


def is_folder(path):
    """True for a folder, False for a file; OSError if there is neither."""
    return bool(os.stat(path)[0] & _FOLDER)


def exists(path):
    """Whether there is a file or folder."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def remove(path):
    """Remove a file, or a folder with all that is in it."""
    if not is_folder(path):
        os.remove(path)
        return
    for name in os.listdir(path):
        remove(path + "/" + name)
    os.rmdir(path)


def read(path):
    """A file's bytes."""
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    """Make or replace a file."""
    with open(path, "wb") as file:
        file.write(data)


def files(folder, below=""):
    """What is in a folder, as a dict from path to bytes; folders are left out."""
    found = {}
    for name in os.listdir(folder):
        path = folder + "/" + name
        if is_folder(path):
            found.update(files(path, below + name + "/"))
        else:
            found[below + name] = read(path)
    return found
