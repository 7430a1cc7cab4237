"""An existing project becomes the app in slot A, and back: python -m tools.deploy.adopt PORT, ... undo PORT.

Nothing of the project is deleted on the board. Its main.py and boot.py are renamed, its modules stay where
they are, unused, until `undo` makes them count again.
"""

import re
import sys
import time

from tools import paths
from tools.deploy.board import Board
from tools.deploy.steps import deploy
from tools.failure import Failure, status_of
from tools.image import __main__ as image_tool
from tools.image import make

_STOPPED = "stopped: press reset, and the project runs as before; or again: make %s"
_MAIN = ("/main.py", "/main.before-notedfu.py")
_BOOT = ("/boot.py", "/boot.before-notedfu.py")

# what tells of an adopt or an undo that was cut off
_LEFT = ("/notedfu.d", "/lib/notedfu", "/notedfu.json", _MAIN[1])

_APP = '''"""Runs the former main.py, now project.py, beside the updater.

In its loop it should let the updater work:  import app  ...  app.dfu.poll(budget_ms=100)
"""

dfu = None


def main(updates):
    global dfu
    import sys

    dfu = updates
    sys.modules["app"] = sys.modules[__name__]
    import project
'''

_CHANGES = """what changes for the project:
- it is imported as `project` from notedfu.d/a, and so are the modules and packages that lie beside main.py
- the working directory is as before, so open("data.json") finds the same file; __file__ is another
- /lib is as it was
- updates happen while it calls app.dfu.poll(budget_ms=100): `import app` and put that into its loop"""


def fetch(board, folder):
    """Copies the project's modules from the board into `folder`, main.py as project.py. Returns the paths."""
    modules = [path for path in board.ask("listing") if path.endswith((".py", ".mpy"))]
    for path in modules:
        local = folder / ("project.py" if path == _MAIN[0] else path[1:])
        local.parent.mkdir(parents=True, exist_ok=True)
        board.fetch(path, local)
    return modules


def adopt(port, version, settings, say):
    """Makes the board's own project its app, as `version`. After a Failure it starts as before."""
    board = Board(port)
    found = board.ask("survey", PATHS=[_MAIN[1]])
    if found["main"] is None and found["sizes"][_MAIN[1]] is not None:
        say("the main.py that an earlier adopt has set aside is put back first")
        found = _restore(board)[1]
    if found["main"] is not False:
        raise Failure("there is no main.py of a project on the board: make deploy is for that")
    folder = paths.BUILD / "adopted" / time.strftime("%Y%m%d-%H%M%S") / "app"
    modules = fetch(board, folder)
    if _MAIN[1] in modules:
        raise Failure("%s, the main.py of an earlier project, would be lost: move it away first" % _MAIN[1])
    if "/app.py" in modules or "/project.py" in modules:
        raise Failure("the project has an app.py or a project.py of its own: rename it first")
    (folder / "app.py").write_text(_APP, encoding="utf-8")
    say("%d modules fetched to %s" % (len(modules), folder))
    image = make.make(
        image_tool.parser().parse_args(["make", str(folder), version, str(folder.parent) + "/"])
    )
    try:
        board.ask("set_aside", NAMES=[_MAIN])
        deploy(port, str(image), settings, say)
    except BaseException as error:
        _put_back(board, error)
        raise
    if re.search(rb"__name__\s*==", (folder / "project.py").read_bytes()):
        say("warning: main.py asks for __name__ == '__main__'; as a module it is 'project': change that line")
    say(_CHANGES)


def _put_back(board, error):
    """Failure if that can't be done after `error`: then somebody must know where main.py is."""
    try:
        _restore(board)
    except Failure:
        why = str(error) or "stopped"
        raise Failure("%s; the project's %s is still %s on the board: rename it" % (why, *_MAIN)) from error


def _restore(board):
    """From here on the project starts, if there is one. Returns what was put back, and a survey."""
    put_back = board.ask("set_aside", NAMES=[_BOOT[::-1], _MAIN[::-1]])
    found = board.ask("survey", PATHS=[])
    board.ask("remove", PATHS=[path for path in ("/main.py", "/boot.py") if found[path[1:5]]])
    return put_back, found


def undo(port, say):
    """Takes the updater off the board, and makes what was there before count again."""
    board = Board(port)
    found = board.ask("survey", PATHS=_LEFT)
    if not found["main"] and all(size is None for size in found["sizes"].values()):
        raise Failure("there is no notedfu on %s" % port)
    put_back, found = _restore(board)  # first: whatever happens from then on, the project starts
    board.ask("remove", PATHS=["/notedfu.d", "/lib/notedfu", "/notedfu.json", "/notedfu.off"])
    nothing = "all, by an undo before" if found["main"] is False else "nothing, there was nothing before"
    say("notedfu is gone; back in place: %s" % (", ".join(put_back) or nothing))
    if found["boot"] is False and found["kept"]:
        say("two that are not notedfu's stay as they are: %s, %s" % _BOOT)


def main(arguments):
    is_undo = arguments[:1] == ["undo"]
    port = arguments[1] if is_undo else arguments[0]

    def work():
        if is_undo:
            undo(port, print)
        else:
            adopt(port, arguments[1], arguments[2] if len(arguments) > 2 else None, print)
        Board(port).reset()
        print("reset: it runs")

    name, again = ("undo", "undo") if is_undo else ("adopt", "adopt, or make undo")
    return status_of(name, work, _STOPPED % again)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
