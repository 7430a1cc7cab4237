"""Is it FAT? No call says so: os.statvfs() looks the same on LittleFS. But FAT alone takes `A` for `a`."""

import os


def is_fat(folder):
    """Whether `folder` lies on FAT, where a cut can take what lies beside what is written.

    Nothing beside it may have the same name in large letters, and where its name has no small ones it is not
    told: False. One os.stat().
    """
    at = folder.rstrip("/").rfind("/") + 1
    large = folder[:at] + folder[at:].upper()
    try:
        os.stat(large)
    except OSError:
        return False
    return large != folder
