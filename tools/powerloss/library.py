"""The library, compiled: each boot of each case imports it anew, which from source would take too long."""

import shutil
import subprocess

from tools import paths

FOLDER = paths.BUILD / "powerloss" / "lib"


def build():
    """Compile lib/notedfu; returns the folder to put into sys.path."""
    source = paths.ROOT / "lib"
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path in sorted(source.rglob("*.py")):
        out = FOLDER / path.relative_to(source)
        out.parent.mkdir(parents=True, exist_ok=True)
        command = [paths.MPY_CROSS, str(path), "-o", str(out.with_suffix(".mpy"))]
        if subprocess.run(command, capture_output=True).returncode:
            shutil.copy(
                path, out
            )  # with machine code in it, which this compiler makes for no board or another
    return FOLDER
