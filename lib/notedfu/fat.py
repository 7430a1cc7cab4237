"""Is it FAT? No call says so: os.statvfs() looks the same on LittleFS. But FAT alone takes `A` for `a`."""

import os


def is_fat(folder):
    """Whether `folder` lies on FAT, where a cut can take what lies beside what is written.

    Its name must have small letters, and nothing beside it the same name in large ones. One os.stat().
    """
    at = folder.rstrip("/").rfind("/") + 1
    try:
        os.stat(folder[:at] + folder[at:].upper())
    except OSError:
        return False
    return True
