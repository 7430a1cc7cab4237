"""A virtual board to play with: `python -m tools.board --flash build/board.bin`. Ctrl-C ends it."""

import argparse
import sys
import time

from tools.board.geometry import Geometry
from tools.board.supervisor import Board


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.board", description=__doc__)
    parser.add_argument("--flash", required=True, help="the flash file; made where it does not exist")
    parser.add_argument("--fs", choices=("lfs2", "fat"), default="lfs2")
    parser.add_argument("--uart", help="the pty of `python -m tools.notecard --uart`")
    parser.add_argument("--heapsize", default="512K", help="as micropython -X heapsize=")
    options = parser.parse_args()
    board = Board(
        options.flash, uart=options.uart, heapsize=options.heapsize, geometry=Geometry(fs=options.fs)
    )
    with board.start():
        print(board.pty, flush=True)
        shown = 0
        try:
            while board.violation is None:
                for _, cause in board.resets[shown:]:
                    print("boot: " + cause, file=sys.stderr)
                shown = len(board.resets)
                time.sleep(0.1)
        except KeyboardInterrupt:
            return 0
    print("flash violation: " + board.violation, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
