"""Gives back the memory of modules that were needed once."""

import sys


def forget(*names):
    """Let the collector have these modules of the library; the next import loads them again."""
    package = sys.modules.get("notedfu")
    for name in names:
        sys.modules.pop("notedfu." + name, None)
        if hasattr(package, name):
            delattr(package, name)
