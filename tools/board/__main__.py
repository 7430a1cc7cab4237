"""A virtual board to play with: `python -m tools.board --flash build/board.bin`. Ctrl-C ends it."""

import argparse
import re
import sys
import time

from tools.board.geometry import Geometry
from tools.board.supervisor import Board, BoardError
from tools.failure import Failure, status_of


def heapsize(text):
    """As the interpreter reads it: with another one it would end at once, for ever."""
    if not re.fullmatch(r"[1-9]\d*[kKmM]?", text):
        raise argparse.ArgumentTypeError("%s is no heap's size, such as 512K" % text)
    return text


def run(options):
    """Until Ctrl-C, which is no fault, or a violation, which is a Failure."""
    board = Board(
        options.flash, uart=options.uart, heapsize=options.heapsize, geometry=Geometry(fs=options.fs)
    )
    try:
        with board.start():
            print(board.pty, flush=True)
            shown = 0
            while board.violation is None:
                for _, cause in board.resets[shown:]:
                    print("boot: " + cause, file=sys.stderr)
                shown = len(board.resets)
                time.sleep(0.1)
    except KeyboardInterrupt:
        return
    except BoardError as error:
        raise Failure(str(error)) from None
    raise Failure("flash violation: " + board.violation)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.board", description=__doc__)
    parser.add_argument("--flash", required=True, help="the flash file; made where it does not exist")
    parser.add_argument("--fs", choices=("lfs2", "fat"), default="lfs2")
    parser.add_argument("--uart", help="the pty of `python -m tools.notecard --uart`")
    parser.add_argument("--heapsize", type=heapsize, default="512K", help="as micropython -X heapsize=")
    options = parser.parse_args(arguments)
    return status_of("board", lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
