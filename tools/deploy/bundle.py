"""What goes on a board, laid out below build/ exactly as it will lie there."""

import binascii
import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from notedfu.errors import DfuError
from notedfu.settings import Settings
from notedfu.slots import A, Slots
from notedfu.slotwriter import SlotWriter
from notedfu.tlvs import KIND
from notedfu.untar import Untar
from tools import paths
from tools.deploy import choice
from tools.failure import Failure
from tools.image import container, device
from tools.size import modules

DATA = "/notedfu.d"
TRUST = '"keys" of `make keygen`, or "allow_unsigned": true on the bench, belong into notedfu.json'
_COMPILER = Path(paths.MPY_CROSS)
_LIB = paths.ROOT / "lib" / "notedfu"
_VIPER = "fast.py"  # native code: for one processor, or as source
# mpy-cross's names of them, as sys.implementation._mpy counts (MicroPython py/persistentcode.h)
_PROCESSORS = (
    None,
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
    "rv32imc",
)
_NATIVE = 3  # the sub-version of native code that our mpy-cross writes, MicroPython 1.23 and later read


class LaidOut(Slots):
    """Slots on this computer, whose filesystem says nothing about the board's."""

    def tears(self):
        return False


def library(tree):
    """Puts the library into tree/lib/notedfu, compiled, in as many processes as there are processors."""
    names = [source.relative_to(_LIB).as_posix() for source in sorted(_LIB.rglob("*.py"))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda name: _module(tree, name), names))


def _module(tree, name):
    if name in choice.CIRCUITPYTHON:
        return
    made = _LIB / name if name == _VIPER else _compiled(name)
    target = (tree / "lib" / "notedfu" / name).with_suffix(made.suffix)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made, target)


def for_processor(files, processor, native):
    """`files` with the viper module as this board can have it: compiled, since the board would take more heap
    for that than for all else at the time; not at all where there is no native code; else as its source.

    processor, native: the numbers in the board's sys.implementation._mpy.
    """
    path = "/lib/notedfu/" + _VIPER
    if path not in files or processor >= len(_PROCESSORS):
        return files
    rest = {one: local for one, local in files.items() if one != path}
    name = _PROCESSORS[processor]
    if name is None:
        return rest
    if native != _NATIVE:
        return files
    return dict(rest, **{path[:-3] + ".mpy": _compiled(_VIPER, name)})


def _compiled(name, processor=None):
    """The .mpy of a module, from an earlier run if its source is no newer."""
    source, made = _LIB / name, (paths.BUILD / "mpy" / (processor or "") / name).with_suffix(".mpy")
    if made.exists() and made.stat().st_mtime > max(source.stat().st_mtime, _COMPILER.stat().st_mtime):
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    part = made.with_suffix(".%d" % os.getpid())
    called = modules.dotted(Path("notedfu", name))
    command = [str(_COMPILER), "-s", called, "-o", str(part), str(source)]
    if processor:
        command.insert(1, "-march=" + processor)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failure("mpy-cross refuses %s: %s" % (source, done.stderr.strip()))
    os.replace(part, made)
    return made


def start_files(tree, settings):
    """boot.py, main.py and the settings' file."""
    for name in ("boot.py", "main.py"):
        shutil.copyfile(paths.ROOT / name, tree / name)
    settings_file(tree, settings)


def settings_file(tree, settings):
    """notedfu.json, if `settings` names one, after reading it as the device will."""
    if settings:
        error = Settings().load(settings).error
        if error or not Path(settings).is_file():
            raise Failure("%s: %s" % (settings, error or "there is no such file"))
        shutil.copyfile(settings, tree / "notedfu.json")


def trusts_nothing(settings):
    """Whether the settings in this file, as the device reads them, refuse every image."""
    found = Settings().load(settings)
    return not (found.keys or found.allow_unsigned)


def slot(tree, image_path):
    """Fills slot A below `tree` from an image, by the library's own hand."""
    if container.first(container.read(image_path).protected, KIND) not in (b"slots", b"romfs"):
        raise Failure("%s holds no app: a native image comes through Notehub or esptool" % image_path)
    root = tree / DATA[1:]
    root.mkdir(parents=True)
    writer = SlotWriter(LaidOut(str(root)), A, device.CLOCK)
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
