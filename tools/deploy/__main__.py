"""The command line: python -m tools.deploy PORT --image app-1.2.3.img --settings notedfu.json"""

import argparse
import sys

from tools.deploy.board import Board
from tools.deploy.steps import BOARDS, deploy
from tools.failure import Failure, status_of
from tools.image import __main__ as image_tool
from tools.image import make

STOPPED = "stopped: what is on the board now may be incomplete, deploy again"
_UNNAMED = "0.0.0"  # what is tried out, and never uploaded


def add_app(parser):
    """What a board gets, by whatever way."""
    parser.add_argument("--image", help="the app, as tools.image made it; without, the updater alone")
    parser.add_argument("--app", help="the app's directory, of which an image is made first")
    parser.add_argument("--version", help="the app's version, 1.2.3; without, 0.0.0")
    parser.add_argument("--settings", help="the file that becomes notedfu.json; without, the board's stays")


def image_of(options, *more):
    """The image to install: the one given, or one made of the app's directory; None for no app.

    more: what tools.image make is told besides.
    """
    if not options.app:
        return options.image
    if options.image:
        raise Failure("say --app, or --image alone")
    made = image_tool.parser().parse_args(["make", options.app, options.version or _UNNAMED, *more])
    return make.make(made)


def say(line):
    print(line, flush=True)


def main(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m tools.deploy", description=sys.modules["tools.deploy"].__doc__
    )
    parser.add_argument("port", help="the board's serial port, such as /dev/ttyACM0")
    add_app(parser)
    parser.add_argument("--board", choices=BOARDS, help="what must be there, or nothing is changed")
    parser.add_argument("--no-reset", action="store_true", help="leave the board at its REPL")
    options = parser.parse_args(arguments)

    def work():
        deploy(options.port, image_of(options), options.settings, say, options.board)
        if not options.no_reset:
            Board(options.port).reset()
            say("reset: it runs")

    return status_of("deploy", work, STOPPED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
