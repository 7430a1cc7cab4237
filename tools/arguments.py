"""Types of the command line's arguments that several tools have."""

import argparse


def whole_number(least, most=None):
    """The type of a whole number from `least` to `most`, or of any from `least` on: decimal digits alone."""
    bounds = "from %d on" % least if most is None else "from %d to %d" % (least, most)

    def number(text):
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError("%s is no whole number %s" % (text, bounds))
        return int(text)

    return number
