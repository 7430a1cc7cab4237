"""Make room for raw staging on an STM32 board, once: python -m tools.deploy.shrink PORT KIB [--yes].

The filesystem is formatted with KIB kibibytes, and the flash behind it is free for `"staging": "flash"`. All
files are copied to build/backup first, and copied back afterwards. Without --yes it only says what it would
do.
"""

import argparse
import sys
import time

from tools import paths
from tools.deploy.board import Board
from tools.deploy.steps import by_folder, verify
from tools.failure import Failure, status_of

_HEADROOM = 1.2  # the same files in a smaller LittleFS, its folders and the copy-on-write of one file


def check(told, length):
    """Failure unless the filesystem can be made `length` bytes long."""
    if told["root"] != "/flash":
        raise Failure("the board has booted from %s: take the SD card out" % (told["root"] or "/"))
    if not told["lfs2"]:
        raise Failure("this firmware has no os.VfsLfs2, and a FAT filesystem can't be made smaller here")
    if length % told["block"]:
        raise Failure("%d bytes are no whole erase blocks of %d" % (length, told["block"]))
    if length >= told["total"]:
        raise Failure("the whole flash has %d bytes: nothing would be left for staging" % told["total"])
    if told["used"] * _HEADROOM > length:
        raise Failure("the files take %d bytes: %d are too small for them" % (told["used"], length))


def settings(told, length):
    """What notedfu.json says from then on."""
    rest = told["total"] - length
    return '"staging": "flash", "staging_start": %d, "staging_length": %d' % (length, rest)


def backup(board, say):
    """Copy every file to build/backup; returns (folders, {path: local file})."""
    folder = paths.BUILD / "backup" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    folders, names = board.ask("everything")
    files = {path: folder / path[1:] for path in names}
    for local in files.values():
        local.parent.mkdir(parents=True, exist_ok=True)
    board.fetch_all(files)
    verify(board.ask("sums", PATHS=names), files)
    say("%d files are in %s" % (len(files), folder))
    return folders, files


def shrink(port, length, say, really):
    """Do it, or only say what would be done. Returns whether it was done; raises Failure."""
    board = Board(port)
    told = board.ask("shrink", LENGTH=0)
    say("the flash has %(total)d bytes, the filesystem %(filesystem)d, of which %(used)d are used" % told)
    if told["filesystem"] == length:
        say("it is as long as that already; notedfu.json: " + settings(told, length))
        if not board.ask("everything")[1]:
            say("no file is on it: those of a run that was cut off are in %s" % (paths.BUILD / "backup"))
        return False
    check(told, length)
    if not really:
        say(
            "this would copy all files here, FORMAT the filesystem with %d bytes, and copy them back" % length
        )
        say("keep the power on meanwhile; again with ARGS=--yes to do it")
        return False
    folders, files = backup(board, say)
    board.ask("shrink", LENGTH=length)
    say("formatted; copying back")
    board.ask("folders", FOLDERS=folders)
    verify(board.copy(by_folder(files), lambda path: None, "sums", PATHS=list(files)), files)
    say("every file read back and compared; notedfu.json: " + settings(told, length))
    return True


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tools.deploy.shrink", description=__doc__)
    parser.add_argument("port", help="the board's serial port, such as /dev/ttyACM0")
    parser.add_argument(
        "kib", type=int, help="KiB that the filesystem keeps, two slots and the updater included"
    )
    parser.add_argument("--yes", action="store_true", help="do it")
    options = parser.parse_args(arguments)

    def work():
        shrink(options.port, options.kib << 10, lambda line: print(line, flush=True), options.yes)

    return status_of(
        "shrink", work, "stopped: once it has said `formatted`, the files are only in build/backup"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
