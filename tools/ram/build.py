"""Builds MicroPython's unix port from its sources, with modules frozen in or without any."""

import os
import subprocess
from pathlib import Path

from tools import paths
from tools.failure import Failure

# What no board needs for an update, and whose libraries are no part of a release's sources.
_OPTIONS = ["MICROPY_PY_%s=0" % name for name in ("SSL", "BTREE", "FFI", "SOCKET", "THREAD")]
_ARCHITECTURES = {32: "x86", 64: "x64"}  # of fast.py's machine code


def built(source, bits, name, manifest):
    """The program: MicroPython of these sources, with what `manifest`, the text of a manifest.py, freezes."""
    source = Path(source).resolve()
    if not (source / "ports" / "unix" / "Makefile").is_file():
        raise Failure("%s holds no sources of MicroPython: it has no ports/unix" % source)
    folder = paths.BUILD / "interpreters" / ("%s-%d" % (name, bits))
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "manifest.py"
    listed.write_text(manifest)
    # releases have no git to ask
    environment = dict(MICROPY_GIT_TAG="release", MICROPY_GIT_HASH="release", **os.environ)
    _make(["-C", str(source / "mpy-cross"), "CWARN="], environment, folder)
    environment["MPY_CROSS_FLAGS"] = "-march=" + _ARCHITECTURES[bits]
    words = ["-C", str(source / "ports" / "unix"), "VARIANT=standard", "BUILD=%s" % (folder / "port")]
    words += ["FROZEN_MANIFEST=%s" % listed, "CWARN=", *_OPTIONS]
    (folder / "README.md").touch()  # by which a Makefile knows micropython-lib, of which nothing is needed
    words += ["MPY_LIB_DIR=%s" % folder]
    if bits == 32:
        words += ["CC=" + os.environ.get("CC32", "gcc -m32"), "LDFLAGS_EXTRA=-static"]
    _make(words, environment, folder)
    return str(folder / "port" / "micropython")


def _make(words, environment, folder):
    log = folder / "make.log"
    with open(log, "w") as out:
        command = ["make", "-j%d" % os.cpu_count(), *words]
        done = subprocess.run(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
    if done.returncode:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
        raise Failure("MicroPython can't be built (%s):\n%s" % (log, end))


def empty(source, bits):
    """One without frozen modules."""
    return built(source, bits, "plain", 'metadata(version="0")\n')


def frozen(source, bits, settings):
    """One with the updater and, as a factory does it, its settings (a text) frozen in."""
    text = paths.BUILD / "interpreters" / "notedfu_json.py"
    text.parent.mkdir(parents=True, exist_ok=True)
    text.write_text('TEXT = """%s"""\n' % settings)
    lines = 'include("%s")\nmodule("notedfu_json.py", base_path="%s")\n'
    return built(source, bits, "frozen", lines % (paths.ROOT / "manifest.py", text.parent))
