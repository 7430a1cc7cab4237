"""The settings of a board whose filesystem its firmware has formatted: frozen beside the updater.

Firmware of rp2, samd and mimxrt formats what it can't mount. docs/boards/rp2.md says how to freeze them.
"""

import os


def settings(path):
    """Write the text of the frozen module `notedfu_json` to `path`.

    Returns whether there is one and it was written. A power cut leaves no file or the whole.
    """
    try:
        from notedfu_json import TEXT
    except ImportError:
        return False
    try:
        with open(path + ".new", "w") as file:
            file.write(TEXT)
        os.rename(path + ".new", path)
    except OSError:
        return False
    return True
