"""The programs for the developer's computer. They use the device's own code where both must agree."""

import sys

# without pathlib: MicroPython imports this file too, for tools.flash
sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/lib")
