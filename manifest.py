# Freezes the updater into a firmware: `make BOARD=... FROZEN_MANIFEST=.../notedfu/manifest.py` in
# MicroPython's ports.
# A frozen main.py can't be overridden by a file, and survives a filesystem that the firmware has formatted.
metadata(version="0.1.0", description="Over-the-air updates with a Blues Notecard")  # noqa: F821
package("notedfu", base_path="lib")  # noqa: F821
module("boot.py")  # noqa: F821
module("main.py")  # noqa: F821
