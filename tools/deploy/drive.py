"""What goes on a CIRCUITPY drive, and, for a virtual board, onto it. mounted.py is for a real one."""

import json
import os
import shutil
import subprocess
from dataclasses import asdict

from notedfu.journal import Journal
from notedfu.journalfiles import create_on_fat
from tools import paths
from tools.deploy import bundle, choice
from tools.failure import Failure
from tools.size import modules

ENTRIES = ("boot.py", "code.py", "safemode.py")
_ERASE_BLOCK = 4096


def lay_out(tree, image, settings, target, mpy_cross=None):
    """Build the drive's contents below `tree`, an empty folder; returns the app's version, or None.

    target: of the board, as in its settings. mpy_cross: CircuitPython's own, to compile the library; without
    one it goes there as sources.
    """
    library(tree, target)
    if mpy_cross:
        compile_library(tree, mpy_cross)
    for name in ENTRIES:
        shutil.copyfile(paths.ROOT / "circuitpython" / name, tree / name)
    bundle.settings_file(tree, settings)
    data = tree / bundle.DATA[1:]
    version = bundle.slot(tree, image) if image else None
    data.mkdir(exist_ok=True)
    create_journal(data, version is not None)
    return version


def library(tree, target=None):
    """Put the library's sources into tree/lib: a .mpy of MicroPython's does not load in CircuitPython.

    target: what of choice.OF_TARGET goes along; None: all of it.
    """
    left_out = choice.left_out("circuitpython", target)
    source = paths.ROOT / "lib" / "notedfu"
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        if name not in left_out:
            target = tree / "lib" / "notedfu" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def compile_library(tree, mpy_cross):
    """Put a .mpy in the place of each source of the library. Failure for MicroPython's compiler."""
    for source in sorted((tree / "lib").rglob("*.py")):
        made = source.with_suffix(".mpy")
        name = modules.dotted(source.relative_to(tree / "lib"))
        try:
            done = subprocess.run(
                [mpy_cross, "-s", name, "-o", str(made), str(source)], capture_output=True, text=True
            )
        except OSError as error:
            raise Failure("%s can't be run: %s" % (mpy_cross, error)) from None
        if done.returncode:
            raise Failure("%s refuses %s: %s" % (mpy_cross, name, done.stderr.strip()))
        if made.read_bytes()[:1] != b"C":
            raise Failure("%s is not CircuitPython's: its .mpy would not load there" % mpy_cross)
        source.unlink()


def create_journal(data, has_app):
    """The journal's files, each as long as an erase block; the app's slot is the active one."""
    folder = str(data / "journal")
    create_on_fat(folder, _ERASE_BLOCK)
    journal = Journal(folder)
    journal.load()
    journal.active = 1 if has_app else 0
    journal.save()
    if has_app:
        bundle.LaidOut(str(data)).confirm(1)


def order(tree):
    """The folders and files in the order in which they must come to lie on FAT: the journal's first."""
    folders = ["/" + path.relative_to(tree).as_posix() for path in sorted(tree.rglob("*")) if path.is_dir()]
    files = sorted(bundle.files(tree).items(), key=lambda one: (not one[0].startswith(bundle.DATA), one[0]))
    return folders, files


def deploy(board, flash_file, geometry, image, settings):
    """Put all of it on a virtual board's drive, which is formatted; the board is off meanwhile."""
    board.stop()
    tree = paths.BUILD / "deploy" / ("drive-%d" % os.getpid())
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    try:
        lay_out(tree, image, settings, choice.target_of(settings))
        folders, files = order(tree)
        config = dict(
            asdict(geometry), flash=str(flash_file), size=geometry.size, fs_blocks=geometry.fs_blocks
        )
        config.update(folders=folders, files=[(path, str(local)) for path, local in files])
        command = [paths.MICROPYTHON, str(paths.ROOT / "tools/board/device/writer.py"), str(paths.ROOT)]
        done = subprocess.run(command, input=json.dumps(config), capture_output=True, text=True)
        if done.returncode:
            raise Failure("the drive can't be written: %s" % (done.stdout + done.stderr))
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    board.start()
