"""What goes on a board, laid out below build/ exactly as it will lie there."""

import binascii
import hashlib
import shutil
import subprocess
from pathlib import Path

from notedfu.errors import DfuError
from notedfu.settings import Settings
from tools import paths
from tools.failure import Failure
from tools.image import container, device

DATA = "/notedfu.d"
_LIB = paths.ROOT / "lib" / "notedfu"
_SOURCES = ("fast.py",)  # viper, compiled on the board for its own processor
_OTHER_INTERPRETER = ("port/circuitpython.py",)


def library(tree):
    """Compiles the library into tree/lib/notedfu; the names that errors show stay the sources'."""
    for source in sorted(_LIB.rglob("*.py")):
        name = source.relative_to(_LIB).as_posix()
        if name in _OTHER_INTERPRETER:
            continue
        target = tree / "lib" / "notedfu" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name in _SOURCES:
            shutil.copyfile(source, target)
            continue
        command = [
            paths.MPY_CROSS,
            "-s",
            "notedfu/" + name,
            "-o",
            str(target.with_suffix(".mpy")),
            str(source),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Failure("mpy-cross refuses %s: %s" % (source, done.stderr.strip()))


def start_files(tree, settings):
    """boot.py, main.py and, if `settings` names one, notedfu.json, after reading it as the device will."""
    for name in ("boot.py", "main.py"):
        shutil.copyfile(paths.ROOT / name, tree / name)
    if settings:
        error = Settings().load(settings).error
        if error or not Path(settings).is_file():
            raise Failure("%s: %s" % (settings, error or "there is no such file"))
        shutil.copyfile(settings, tree / "notedfu.json")


def slot(tree, image_path):
    """Fills slot A below `tree` from an image, by the library's own hand."""
    from notedfu.slots import A, Slots
    from notedfu.slotwriter import SlotWriter
    from notedfu.untar import Untar

    root = tree / DATA[1:]
    root.mkdir(parents=True)
    writer = SlotWriter(Slots(str(root)), A, device.CLOCK)
    try:
        image = device.read(image_path, Untar(writer, device.CLOCK))
        writer.seal(image.head, image.protected, image.digest)
    except DfuError as error:
        raise Failure("%s can't be installed, %s" % (image_path, error)) from None
    return image.header.version


def files(tree):
    """{path on the board: local file}, sorted."""
    found = sorted(path for path in tree.rglob("*") if path.is_file())
    return {"/" + path.relative_to(tree).as_posix(): path for path in found}


def sums(path):
    """What the board may say of a file: its SHA-256, or its crc32 where the interpreter has no SHA-256."""
    total, crc = hashlib.sha256(), 0
    for piece in container.pieces(path, 0, container.size(path)):
        total.update(piece)
        crc = binascii.crc32(piece, crc)
    return "sha256:" + total.hexdigest(), "crc32:%08x" % crc
