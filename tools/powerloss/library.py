"""The library, compiled: each boot of each case imports it anew, which from source would take too long."""

import contextlib
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools import paths

_MACHINE = {"x86_64": "x64", "aarch64": "armv8"}.get(platform.machine(), "x64")


@contextlib.contextmanager
def built():
    """Compile lib/notedfu; gives the folder to put into sys.path, which is removed at the end."""
    source = paths.ROOT / "lib"
    paths.BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="powerloss-", dir=paths.BUILD))
    try:
        for path in sorted(source.rglob("*.py")):
            out = folder / path.relative_to(source)
            out.parent.mkdir(parents=True, exist_ok=True)
            command = [paths.MPY_CROSS, "-march=" + _MACHINE, str(path), "-o", str(out.with_suffix(".mpy"))]
            if subprocess.run(command, capture_output=True).returncode:
                shutil.copy(path, out)  # there is machine code in it, and none for this machine
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
