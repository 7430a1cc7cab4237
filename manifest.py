# Freezes the updater into a firmware: `make BOARD=... FROZEN_MANIFEST=.../notedfu/manifest.py` in
# MicroPython's ports.
# A frozen main.py can't be overridden by a file, and survives a filesystem that the firmware has formatted.
# Where mpy-cross says `invalid arch` (a build without native code): include("manifest.py", viper=False).
import os

metadata(version="0.1.0", description="Over-the-air updates with a Blues Notecard")  # noqa: F821
options.defaults(viper=True)  # noqa: F821
_LEFT_OUT = ("inboot.py", "port/circuitpython.py", "port/dualbanks.py")  # CircuitPython's
_FOUND = [
    os.path.relpath(os.path.join(folder, name), "lib/notedfu").replace(os.sep, "/")
    for folder, _, names in os.walk("lib/notedfu")
    for name in names
    if name.endswith(".py")
]
package(  # noqa: F821
    "notedfu",
    sorted(n for n in _FOUND if n not in _LEFT_OUT and (options.viper or n != "fast.py")),  # noqa: F821
    base_path="lib",
)
module("boot.py")  # noqa: F821
module("main.py")  # noqa: F821
