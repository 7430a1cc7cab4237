"""An app directory becomes a ustar archive, the same bytes for the same files on every computer.

Sorted, mtime 0, uid and gid 0, no pax records; ends with the two zero blocks and no further padding.
"""

import fnmatch
import os
import shutil
import subprocess
import sys
import tarfile
from collections import namedtuple
from pathlib import Path, PurePosixPath

from notedfu import romslots
from tools.failure import Failure
from tools.image import espbin

# What the device takes: docs/SPEC.md. A ustar name without its prefix field is the limit of a path.
PATH_LIMIT = 100
FILE_LIMIT = 0xFFFF
_FORBIDDEN = set('\\:*?"<>|')
_UPDATERS = (
    "boot.py",
    "main.py",
    "code.py",
    "safemode.py",
    "notedfu.json",
    "firmware.bin",
    "firmware.bank",
    "app.romfs",
)
_BLOCK = 512

Member = namedtuple("Member", "path source size")  # a file: its name in the slot, where its bytes are
Plan = namedtuple("Plan", "march mpy_cross keep")  # how .py becomes .mpy; keep: patterns that stay .py


def check_path(path):
    """Raises Failure if the device would refuse to unpack a file of this name."""
    if len(path) > PATH_LIMIT:
        raise Failure("the path %s has %d characters, %d is the most" % (path, len(path), PATH_LIMIT))
    for part in path.split("/"):
        if part in ("", ".", ".."):
            raise Failure("the path %r leaves its directory, or has an empty part" % path)
        if part.endswith((".", " ")) or part.startswith(" "):
            raise Failure("the path %r: FAT drops dots and spaces at a name's ends; rename it" % path)
        if any(not " " <= letter <= "~" or letter in _FORBIDDEN for letter in part):
            raise Failure('the path %r: use ASCII letters without \\ : * ? " < > |' % path)


def _claim(path, taken):
    """Notes a file and its folders in `taken`; raises Failure if FAT, which folds case, would mix two up."""
    parts = path.lower().split("/")
    for depth in range(1, len(parts)):
        folder = "/".join(path.split("/")[:depth]) + "/"
        other = taken.setdefault("/".join(parts[:depth]), folder)
        if other != folder:
            raise Failure("%s and %s would be one on the device" % (other, folder))
    other = taken.setdefault(path.lower(), path)
    if other is not path:
        raise Failure("%s and %s would be one on the device" % (other, path))


def _files(app):
    """(path in the archive, Path) of every file in the directory `app`, without hidden ones and caches."""
    for folder, folders, names in os.walk(app):
        folders[:] = sorted(name for name in folders if name[0] != "." and name != "__pycache__")
        for name in sorted(folders + names):
            source = Path(folder, name)
            if name[0] == "." or name.endswith(".pyc"):
                continue
            if source.is_symlink():
                raise Failure("%s is a link: an image holds files only; copy it there" % source)
            if source.is_file():
                yield source.relative_to(app).as_posix(), source


def _compile(path, source, work, plan):
    """Compiles one .py into `work`; its .mpy is the same wherever the source lies."""
    out = work / (path[:-3] + ".mpy")
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [plan.mpy_cross, "-s", path, "-o", str(out), str(source)]
    if plan.march:
        command[1:1] = ["-march=" + plan.march]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failure(
            "mpy-cross refuses %s: %s\n(--keep %s leaves it as it is; native code needs --march)"
            % (source, (done.stderr or done.stdout).strip(), path)
        )
    return path[:-3] + ".mpy", out


def _version_file(app, version, work):
    """version.py, the one place that says which version this is: written here, unless the app has one."""
    own = app / "version.py"
    line = 'VERSION = "%s"\n' % version
    if own.exists():
        if line.strip().encode() not in own.read_bytes().splitlines():
            raise Failure("%s must say %s, or not be there: then it is written for you" % (own, line.strip()))
        return []
    made = work / "version.py"
    made.write_text(line, encoding="utf-8")
    return [("version.py", made)]


def _check_hidden(members):
    """Failure for a module that no import finds: both interpreters look for a folder of its name first,
    with __init__.py in it or without."""
    folders = {parent.as_posix() for member in members for parent in PurePosixPath(member.path).parents}
    for member in members:
        stem, _, ending = member.path.rpartition(".")
        if ending in ("py", "mpy") and stem in folders:
            raise Failure("the folder %s hides %s on the device: rename one of them" % (stem, member.path))


def collect(app, version, work, plan, beside=()):
    """The members of the app directory, sorted, compiled by `plan` (None: sources as they are).

    `beside` are (path, Path) of files from elsewhere. `work` is an empty directory for what is made on the
    way. Raises Failure for what no device would take.
    """
    app = Path(app)
    if not app.is_dir():
        raise Failure("there is no app directory %s" % app)
    members, taken = [], {}
    for path, source in [*_files(app), *_version_file(app, version, work), *beside]:
        if path in _UPDATERS:
            raise Failure(
                "%s belongs to the updater and can't be in an app: name the app's start app.py" % path
            )
        if plan and path.endswith(".py") and not any(fnmatch.fnmatch(path, keep) for keep in plan.keep):
            path, source = _compile(path, source, work / "mpy", plan)
        check_path(path)
        _claim(path, taken)
        members.append(Member(path, source, source.stat().st_size))
    if not any(
        member.path in ("app.py", "app.mpy", "app/__init__.py", "app/__init__.mpy") for member in members
    ):
        raise Failure("%s has no app.py: the device starts its main(dfu)" % app)
    _check_hidden(members)
    if len(members) > FILE_LIMIT:
        raise Failure("%d files are too many, %d is the most" % (len(members), FILE_LIMIT))
    return sorted(members)


def _entry(path, kind, mode, size):
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.size = kind, mode, size  # mtime, uid, gid are 0, the names empty
    return info


def archive(members, out):
    """Writes the members as a ustar file `out`, folders before what is in them."""
    seen = set()
    with tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as tar:
        for member in members:
            parts = member.path.split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                folder = "/".join(parts[:depth])
                if folder not in seen:
                    seen.add(folder)
                    tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o755, 0))
            with open(member.source, "rb") as source:
                tar.addfile(_entry(member.path, tarfile.REGTYPE, 0o644, member.size), source)
        end = tar.offset + 2 * _BLOCK
    os.truncate(out, end)  # tarfile fills up to 10 KiB, for tapes


def firmware(path):
    """The member of an archive that is a firmware, in a list; none for None."""
    if path is None:
        return []
    espbin.read(path)
    return [Member("firmware.bin", Path(path), Path(path).stat().st_size)]


def rom(members, work):
    """The app's members as one, app.romfs, made by mpremote; the updater's own stay beside it."""
    tree, out = work / "rom", work / romslots.ROM
    beside = [member for member in members if member.path.startswith("notedfu/")]
    for member in members:
        if member not in beside:
            target = tree / member.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(member.source, target)
    command = [
        sys.executable,
        "-m",
        "mpremote",
        "romfs",
        "--no-mpy",
        "--output",
        str(out),
        "build",
        str(tree),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or not out.exists():
        raise Failure("mpremote makes no ROMFS: %s" % (done.stderr or done.stdout).strip())
    return [Member(romslots.ROM, out, out.stat().st_size), *beside]


def native(firmware, out):
    """Copies an ESP32 application .bin to `out`; returns it as the payload's one member."""
    espbin.read(firmware)
    shutil.copyfile(firmware, out)
    return [Member(Path(firmware).name, Path(out), Path(out).stat().st_size)]
