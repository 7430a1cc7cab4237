"""What is on a board, in words: python -m tools.deploy.status PORT.

It changes nothing there, and resets the board: its prompt ends what runs.
"""

import sys

from notedfu import journal, room
from tools.deploy import bundle, hiding
from tools.deploy.board import STOPPED, Board
from tools.failure import Failure, status_of
from tools.image.version import write

_FILES = 8  # in the app whose size is guessed at
_STATES = {
    journal.IDLE: "idle: no update is under way",
    journal.STAGING: "an image of %(length)d bytes is being fetched; %(staged)s bytes of it are staged",
    journal.PENDING: "a verified image of %(length)d bytes waits for a reset; %(swap_left)d tries are left",
    journal.TRIAL: "the app is on trial; %(trial_left)d runs are left to be confirmed in",
}
_ASKED = "a verified image of %(length)d bytes waits for the app's dfu.install(), and not for a reset"
_OUTCOMES = {
    journal.NONE: "nothing to report to Notehub",
    journal.INSTALLED: "to be reported to Notehub: %(outcome_text)s",
    journal.REFUSED: "to be reported to Notehub as an error: %(outcome_text)s",
}


def _slot(name, told, is_active):
    if told is None:
        return "slot %s: empty, or not whole" % name
    words = [write(tuple(told["version"])), "confirmed" if told["confirmed"] else "not confirmed"]
    words += ["security counter %d" % told["counter"], "identity %s..." % told["identity"][:16]]
    words += ["deployed by cable"] if told["cable"] else []
    words += ["with the firmware in %s" % told["bank"]] if told["bank"] else []
    return "slot %s: %s%s" % (name, ", ".join(words), "  <- active" if is_active else "")


def largest(told):
    """About how large an image the board can take, of an app in a few files that unpacks to the same size.

    A staging file and the spare slot share the filesystem; raw flash is beside it.
    """
    overhead = room.needed(0, _FILES, told["unit"])
    free = max(0, told["room"] - overhead)
    if told["staging"] == "file":
        return room.fits(free) // 2
    return min(room.fits(free), told["region"] or free)


def lines(found, told):
    """The survey and the board's answer as sentences."""
    yield "%(interpreter)s %(version)s on %(machine)s, heap %(heap)d, %(free)d bytes free" % found
    yield "updater %(updater)s" % told
    for number, name in enumerate("AB", 1):
        yield _slot(name, told["slots"][name], told["active"] == number)
    if told["runs"]:
        yield "the firmware in %(runs)s runs" % told
    if not told["active"]:
        yield "no app is active: the board waits for an image"
    if told["journal"] != journal.GOOD:
        yield "journal: %(journal)s; the next boot makes it anew" % told
    yield (_ASKED if told["asks"] else _STATES[told["state"]]) % told
    yield _OUTCOMES[told["outcome"]] % told
    if told["unclean"]:
        yield "%(unclean)d runs in a row did not end cleanly" % told
    yield "security counter: images below %(counter)d are refused" % told
    yield "settings: %s" % (told["settings"] or "fine")
    if not told["trusts"]:
        yield "no image is trusted, and every one is refused: " + bundle.TRUST
    if told["off"]:
        yield "the updater is switched off (/notedfu.off, or the setting)"
    yield (
        "room for the next app: %(room)d bytes, what the spare slot holds included; staging: %(staging)s"
        % told
    )
    yield "takes images of up to about %d bytes (`make image` says what one needs)" % largest(told)


def status(port):
    """The lines about the board at `port`; raises Failure."""
    board = Board(port)
    found = board.ask("survey", PATHS=["/lib/notedfu/__init__.mpy"])
    if not found["main"]:
        raise Failure("there is no notedfu on %s: make deploy puts it there" % port)
    return [*lines(found, board.ask("status")), *hiding.lines(board)]


def main(arguments):
    def work():
        print("\n".join(status(arguments[0])))
        Board(arguments[0]).reset()

    return status_of("status", work, STOPPED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
