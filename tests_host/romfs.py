"""A ROMFS made byte by byte, the common subset only (extmod/vfs_rom.c says how), and images with one."""

import images
import rig
import tars

_VERBATIM = 2
_FOLDER = 4
_FILE = 5


def _number(value):
    """A variable-length number, the highest seven bits first."""
    digits = [value & 0x7F]
    value >>= 7
    while value:
        digits.insert(0, 0x80 | value & 0x7F)
        value >>= 7
    return bytes(digits)


def _record(kind, data):
    return _number(kind) + _number(len(data)) + data


def _folder(files):
    """The records of a folder: its files and folders, sorted by name. files: {path: bytes}."""
    inside = {}
    for path in files:
        name, _, rest = path.partition("/")
        if rest:
            inside.setdefault(name, {})[rest] = files[path]
        else:
            inside[name] = files[path]
    out = b""
    for name in sorted(inside):
        raw = _number(len(name)) + name.encode()
        if isinstance(inside[name], dict):
            out += _record(_FOLDER, raw + _folder(inside[name]))
        else:
            out += _record(_FILE, raw + _record(_VERBATIM, inside[name]))
    return out


def made(files):
    """The image of `files`, {path: bytes}."""
    data = _folder(files)
    length = _number(len(data))
    if (3 + len(length) + len(data)) % 2:
        length = b"\x80" + length
    return b"\xd2\xcd\x31" + length + data


def image(version, files=None, name="app.romfs", rom=None, kind=b"romfs"):
    """An image for Notehub that brings a ROMFS with a rig app; version: "2.0.0"."""
    rom = made(files or rig.app_files(version)) if rom is None else rom
    numbers = tuple(int(part) for part in version.split(".")) + (0,)
    payload = tars.of_files({name: rom})
    return images.unsigned(payload, images.usual(numbers, (len(rom), 1), kind), numbers)
