"""The command line: python -m tools.deploy PORT --image app-1.2.3.img --settings notedfu.json"""

import argparse
import sys

from tools.deploy.board import Board
from tools.deploy.steps import deploy
from tools.failure import Failure
from tools.image import __main__ as image_tool
from tools.image import make

_UNNAMED = "0.0.0"  # what is tried out, and never uploaded


def _image(options):
    """The image to install: the one given, or one made of the app's directory; None for no app."""
    if not options.app:
        return options.image
    if options.image:
        raise Failure("say --app, or --image alone")
    made = image_tool.parser().parse_args(["make", options.app, options.version or _UNNAMED])
    return make.make(made)


def main(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m tools.deploy", description=sys.modules["tools.deploy"].__doc__
    )
    parser.add_argument("port", help="the board's serial port, such as /dev/ttyACM0")
    parser.add_argument("--image", help="the app, as tools.image made it; without, the updater alone")
    parser.add_argument("--app", help="the app's directory, of which an image is made first")
    parser.add_argument("--version", help="the app's version, 1.2.3; without, 0.0.0")
    parser.add_argument("--settings", help="the file that becomes notedfu.json; without, the board's stays")
    parser.add_argument("--no-reset", action="store_true", help="leave the board at its REPL")
    options = parser.parse_args(arguments)
    try:
        image = _image(options)
        deploy(options.port, image, options.settings, lambda line: print(line, flush=True))
        if not options.no_reset:
            Board(options.port).reset()
            print("reset: it runs")
    except (Failure, OSError) as error:
        print("deploy: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
