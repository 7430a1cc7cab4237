"""A stand-in for a native firmware: a .bin that ESP-IDF's bootloader would take, with a version in it.

The common subset only. Layout: esp-idf esp_app_format.h and esp_app_desc.h.
"""

import hashlib
import struct

ESP32 = 0
ESP32_S3 = 9
REFUSES_MPY = b"\x1erefuses .mpy\x1e"  # in a firmware's data: its interpreter takes no .mpy of version 6
_APP_MAGIC = 0xABCD5432
_VERSION_AT = 32 + 16
_TEXT = 32


def made(version, size=24000, chip=ESP32, more=b""):
    """The .bin of about `size` bytes; `more` is found somewhere in it."""
    text = version.encode()
    desc = struct.pack(
        "<II8x32s32s16s16s32s32s80x", _APP_MAGIC, 0, text, b"micropython", b"", b"", b"v5.5", b""
    )
    fill = bytearray(max(0, size - 24 - 8 - len(desc) - 48 - len(more)) & ~15)
    for at in range(len(fill)):
        fill[at] = (at * at + at // 7 + len(text) + text[0]) & 0xFF
    more = more + bytes(-len(more) % 4)
    data = desc + bytes(fill) + more
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
    """The version in a .bin's first 96 bytes, "" where there is none."""
    if start[0] != 0xE9:
        return ""
    return bytes(start[_VERSION_AT : _VERSION_AT + _TEXT]).split(b"\0")[0].decode()
