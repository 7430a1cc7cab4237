"""How the tools say no."""

import sys

_BY_CTRL_C = 130  # as shells have it


class Failure(Exception):
    """A sentence for the person at the keyboard: what is wrong, and what to do. The exit status is 1."""


def status_of(tool, work, stopped="stopped"):
    """The exit status: work()'s own, if it returns one; a Failure, an OSError and Ctrl-C end in a sentence.

    stopped: what a person who has pressed Ctrl-C has to know.
    """
    try:
        return work() or 0
    except (Failure, OSError) as error:
        print("%s: %s" % (tool, error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n%s: %s" % (tool, stopped), file=sys.stderr)
        return _BY_CTRL_C
