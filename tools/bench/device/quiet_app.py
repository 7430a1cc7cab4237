"""An app that is started, and that is all."""

import quiet


def main(dfu):
    """What the library calls."""
    quiet.wire.end("done")
