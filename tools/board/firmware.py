"""A stand-in for a native firmware: a .bin that ESP-IDF's bootloader would take, with a version in it.

The common subset only. Layout: esp-idf esp_app_format.h and esp_app_desc.h.
"""

import hashlib
import struct

ESP32 = 0
ESP32_S3 = 9
REFUSES_MPY = "micropython-mpy7"  # the project of a firmware whose interpreter takes no .mpy of version 6
_APP_MAGIC = 0xABCD5432
_VERSION_AT = 32 + 16
_PROJECT_AT = 32 + 48
_TEXT = 32


def made(version, size=24000, chip=ESP32, project="micropython"):
    """The .bin of about `size` bytes."""
    text = version.encode()
    names = (text, project.encode(), b"", b"", b"v5.5", b"")
    desc = struct.pack("<II8x32s32s16s16s32s32s80x", _APP_MAGIC, 0, *names)
    fill = bytearray(max(0, size - 24 - 8 - len(desc) - 48) & ~15)
    for at in range(len(fill)):
        fill[at] = (at * at + at // 7 + len(text) + text[0]) & 0xFF
    data = desc + bytes(fill)
    head = struct.pack(
        "<BBBBIB3sHBHH4sB", 0xE9, 1, 2, 0x20, 0x40081000, 0xEE, b"", chip, 0, 0, 0xFFFF, b"", 1
    )
    body = head + struct.pack("<II", 0x3F400020, len(data)) + data
    checksum = 0xEF
    for byte in data:
        checksum ^= byte
    body += bytes(15 - len(body) % 16) + bytes((checksum,))
    return body + hashlib.sha256(body).digest()


def merged(version):
    """What esptool's merge_bin makes for 0x1000: a bootloader in front, without esp_app_desc_t."""
    boot = bytearray(made("0"))
    boot[32:36] = b"\x50\0\0\0"  # esp_bootloader_desc_t.magic_byte
    return bytes(boot) + b"\xff" * (-len(boot) % 4096) + made(version)


def version_in(start):
    """The version in a .bin's first 112 bytes, "" where there is none."""
    return _text(start, _VERSION_AT)


def project_in(start):
    """The project's name there."""
    return _text(start, _PROJECT_AT)


def _text(start, at):
    return bytes(start[at : at + _TEXT]).split(b"\0")[0].decode() if start[0] == 0xE9 else ""
