"""One boot in which files that are opened for reading are counted."""

import builtins

import update
import world

opened = []
_open = builtins.open


def counting(path, mode="r"):
    """open(), noted."""
    if isinstance(path, str) and "+" not in mode and "w" not in mode and "a" not in mode:
        opened.append(path)
    return _open(path, mode)


class Wire(world.Wire):
    def end(self, text):
        journals = [path for path in opened if "/journal/" in path]
        self.tell("reads %d %d" % (len(journals), len(opened)))
        super().end(text)


def run(arguments):
    """As update.run()."""
    builtins.open = counting
    world.Wire = Wire
    update.run(arguments)
