"""The updater and an app onto a CircuitPython board, through the drive that it shows to the computer:

python -m tools.deploy.mounted /media/you/CIRCUITPY --image app-1.2.3.img --settings notedfu.json

mpremote is no way there: the computer and the program can't both write to the drive.
"""

import argparse
import filecmp
import os
import re
import shutil
import sys
from pathlib import Path

from notedfu.journal import IDLE, Journal
from notedfu.slots import A, Slots
from tools import paths
from tools.deploy import bundle, choice, drive
from tools.deploy.__main__ import STOPPED, add_app, image_of, say
from tools.failure import Failure, status_of
from tools.image.version import write

_RUN_FIRST = ("code.txt",)  # CircuitPython runs these in place of code.py
_STOCK = b"Hello World"  # the code.py of a new board
_HELD = (
    "%s can't be written to (%s): the updater has it. Hold the off_pin while pressing reset, or make a file "
    "notedfu.off at the REPL, and press reset"
)


def firmware(folder):
    """The first line of boot_out.txt, which each CIRCUITPY drive has; Failure for another folder."""
    try:
        told = (folder / "boot_out.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise Failure("%s is no CIRCUITPY drive: it has no boot_out.txt" % folder) from None
    found = re.match(r"Adafruit CircuitPython (\d+)\.\S*.*", told)
    if not found or int(found.group(1)) < 9:
        raise Failure("CircuitPython 9 or later is needed, boot_out.txt says: %s" % told.split("\n")[0])
    return found.group(0).strip()


def _before(name):
    """What a file of somebody else's is called from then on."""
    return name.replace(".py", ".before-notedfu.py")


def strangers(folder):
    """The entry files of somebody else's, which are to be kept; Failure where code.py is one."""
    for name in _RUN_FIRST:
        if (folder / name).exists():
            raise Failure("%s would run in place of code.py: move it away first" % name)
    kept = []
    for name in drive.ENTRIES:
        path = folder / name
        text = path.read_bytes() if path.exists() else b""
        if (
            not text
            or b"Belongs to notedfu" in text
            or (name == "code.py" and _STOCK in text and len(text) < 100)
        ):
            continue
        if name == "code.py":
            raise Failure("the drive has a code.py of its own, which is not overwritten: move it away first")
        if (folder / _before(name)).exists():
            raise Failure("%s would replace %s: move one of them away" % (name, _before(name)))
        kept.append(name)
    return kept


def check_room(folder, files):
    """Failure unless the files fit: what is there already under their names makes room."""
    unit = os.statvfs(folder).f_frsize

    def rounded(size):
        return -(-size // unit) * unit

    need = sum(rounded(file.stat().st_size) for file in files.values())
    there = [folder / path[1:] for path in files if (folder / path[1:]).exists()]
    free = shutil.disk_usage(folder).free + sum(rounded(path.stat().st_size) for path in there)
    if need > free:
        raise Failure("%d bytes are needed, and %d are free on the drive" % (need, free))


def copy(folder, files):
    """Copy what is not there yet, and compare what then is."""
    for path, local in files.items():
        target = folder / path[1:]
        if target.exists() and filecmp.cmp(local, target, shallow=False):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(local, "rb") as source, open(target, "wb") as file:
            shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(file.fileno())
        if not filecmp.cmp(local, target, shallow=False):
            raise Failure("%s is not on the drive as it was written; deploy again" % path)


def clear(folder, files, has_app):
    """Take away what an older library left behind and, where a new one comes, the app in slot A."""
    data = folder / bundle.DATA[1:]
    if has_app:
        for end in (".manifest", ".confirmed"):  # first: from then on the slot counts as empty
            (data / ("a" + end)).unlink(missing_ok=True)
        shutil.rmtree(data / "a", ignore_errors=True)
        (data / "staging.img").unlink(missing_ok=True)
    for path in (folder / "lib" / "notedfu").rglob("*.*py"):
        if "/" + path.relative_to(folder).as_posix() not in files:
            path.unlink()


def leave_journal(folder, tree):
    """What the drive has of a journal stays; an earlier deployment may have been cut off in it."""
    for local in (tree / bundle.DATA[1:] / "journal").rglob("*"):
        there = folder / local.relative_to(tree)
        if local.is_file() and there.exists() and there.stat().st_size >= local.stat().st_size:
            local.unlink()


def check_interpreter(tree):
    """Failure where the app was compiled for MicroPython: CircuitPython's .mpy begin with a C."""
    for path in (tree / bundle.DATA[1:] / "a").rglob("*.mpy"):
        if path.read_bytes()[:1] == b"M":
            raise Failure(
                "%s is compiled for MicroPython: make image ... ARGS=--source leaves sources" % path.name
            )


def activate(folder):
    """Slot A is the app that runs. The journal, with its security counter, stays."""
    slots = Slots(str(folder / bundle.DATA[1:]))
    journal = Journal(str(folder / bundle.DATA[1:] / "journal"))
    journal.load()
    manifest = slots.load(A)
    slots.confirm(A)
    (folder / bundle.DATA[1:] / "a.cable").write_bytes(manifest.crc)
    journal.active, journal.state = A, IDLE
    journal.counter = max(journal.counter, manifest.counter)
    journal.running = journal.unclean = 0
    journal.save()


def deploy(folder, image, settings, say, mpy_cross=None):
    """Put the updater, its settings and the app of `image` (None: no app) onto the drive. Raises Failure."""
    folder = Path(folder)
    say(firmware(folder))
    if settings and bundle.trusts_nothing(settings):
        say("warning: %s lets the board refuse every image: %s" % (settings, bundle.TRUST))
    tree = paths.BUILD / "deploy" / ("drive-%d" % os.getpid())
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    try:
        target = choice.target_of(settings, choice.target_of(folder / "notedfu.json"))
        version = drive.lay_out(tree, image, settings, target, mpy_cross)
        check_interpreter(tree)
        leave_journal(folder, tree)
        _put(folder, tree, version, say)
    except OSError as error:
        raise Failure(_HELD % (folder, error)) from None
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    if version:
        say("slot A: version %s, confirmed" % write(version))
    say("every file read back and compared: eject the drive, then press reset")


def _put(folder, tree, version, say):
    kept = strangers(folder)
    files = {"/" + local.relative_to(tree).as_posix(): local for _, local in drive.order(tree)[1]}
    check_room(folder, files)
    clear(folder, files, version is not None)
    start = {"/" + name: files.pop("/" + name) for name in drive.ENTRIES}
    copy(folder, files)
    if version:
        activate(folder)
    for name in kept:
        os.replace(folder / name, folder / _before(name))
        say("the board's own %s is kept as %s" % (name, _before(name)))
    copy(folder, start)  # last: from here on the board starts through the updater
    os.sync()


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tools.deploy.mounted", description=__doc__)
    parser.add_argument("drive", help="where the computer shows the drive, such as /media/you/CIRCUITPY")
    add_app(parser)
    parser.add_argument("--mpy-cross", help="CircuitPython's own: .mpy take much less heap than sources")
    options = parser.parse_args(arguments)
    how = ("--mpy-cross", options.mpy_cross) if options.mpy_cross else ("--source",)

    def work():
        deploy(options.drive, image_of(options, *how), options.settings, say, options.mpy_cross)

    return status_of("deploy", work, STOPPED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
