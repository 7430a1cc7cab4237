"""The command line: python -m tools.dist, which fills build/dist.

Or with --package, which writes package.json.
"""

import hashlib
import json
import shutil
import sys
import zipfile
from pathlib import Path

from notedfu import __version__
from tools import paths
from tools.deploy import bundle, choice, drive

DIST = paths.BUILD / "dist"
_LIB = paths.ROOT / "lib"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes from the same sources


def package():
    """package.json at the root, of the sources: `mpremote mip install github:owner/notedfu`."""
    names = [path.relative_to(_LIB).as_posix() for path in sorted((_LIB / "notedfu").rglob("*.py"))]
    urls = [[name, "lib/" + name] for name in names if name[len("notedfu/") :] not in choice.CIRCUITPYTHON]
    return {"urls": urls, "deps": [], "version": __version__}


def write_package():
    (paths.ROOT / "package.json").write_text(json.dumps(package(), indent=1) + "\n")


def micropython(folder):
    """The library compiled, its package.json with paths beside it, and the two files that start it."""
    bundle.library(folder)
    shutil.move(str(folder / "lib" / "notedfu"), str(folder / "notedfu"))
    (folder / "lib").rmdir()
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.*py"))]
    urls = [[name, name] for name in names]
    found = {"urls": urls, "deps": [], "version": __version__}
    (folder / "package.json").write_text(json.dumps(found, indent=1) + "\n")
    for name in ("boot.py", "main.py"):
        shutil.copyfile(paths.ROOT / name, folder / name)


def circuitpython(folder):
    """A drive's contents: lib/notedfu as circup would lay it, and the three files that start it."""
    drive.library(folder)
    for path in sorted((paths.ROOT / "circuitpython").glob("*.py")):
        shutil.copyfile(path, folder / path.name)


def archive(folder, target):
    """A zip whose bytes depend on the files alone."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o644 << 16
                out.writestr(info, path.read_bytes())


def checksums():
    """SHA256SUMS of all files in build/dist, as `sha256sum -c` reads it."""
    lines = [
        "%s  %s\n" % (hashlib.sha256(path.read_bytes()).hexdigest(), path.relative_to(DIST).as_posix())
        for path in sorted(DIST.rglob("*"))
        if path.is_file()
    ]
    (DIST / "SHA256SUMS").write_text("".join(lines))
    return lines


def build():
    """Fill build/dist; returns the lines of its checksums."""
    shutil.rmtree(DIST, ignore_errors=True)
    for name, fill in (("mpy", micropython), ("circuitpython", circuitpython)):
        folder = DIST / name
        folder.mkdir(parents=True)
        fill(folder)
        archive(folder, DIST / ("notedfu-%s-%s.zip" % (name, __version__)))
    return checksums()


def main(arguments):
    if arguments == ["--package"]:
        write_package()
        return 0
    lines = build()
    print("%s: %d files, their checksums in SHA256SUMS" % (Path(DIST).relative_to(paths.ROOT), len(lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
