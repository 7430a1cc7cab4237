"""An ESP32 application's .bin: whether it is one, whole, and what it says of itself.

Layout: esp-idf esp_app_format.h, esp_app_desc.h, and docs/api-guides/app_image_format.
"""

import hashlib
import struct
from collections import namedtuple

from notedfu import firmware
from notedfu.errors import DfuError
from tools.failure import Failure

CHIPS = {
    0: "ESP32",
    2: "ESP32-S2",
    5: "ESP32-C3",
    9: "ESP32-S3",
    12: "ESP32-C2",
    13: "ESP32-C6",
    16: "ESP32-H2",
    18: "ESP32-P4",
    23: "ESP32-C5",
}  # esp_chip_id_t

_HEADER = 24
_SUM = 32
_HASHED_AT = 23
_DESC_AT = 32
_SIGNED = 4096  # bytes of secure boot's signature block, behind the application
_SIGNATURE = b"\xe7"

Firmware = namedtuple("Firmware", "chip version idf size")


def _text(raw):
    return raw.split(b"\0")[0].decode("ascii", "replace")


def read(path):
    """The Firmware in the file `path`; Failure, with what to do, for anything but one whole application."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        firmware.judge(data[: firmware.FIRST], None)
    except (DfuError, IndexError) as error:
        raise Failure("%s: %s" % (path, getattr(error, "text", "it is empty"))) from None
    end = _end(path, data)
    if len(data) != end and data[-_SIGNED:][:1] != _SIGNATURE:
        raise Failure("%s has %d bytes, its application ends at %d" % (path, len(data), end))
    _, chip = struct.unpack_from("<HH", data, 10)
    version, idf = _text(data[_DESC_AT + 16 : _DESC_AT + 48]), _text(data[_DESC_AT + 112 : _DESC_AT + 144])
    return Firmware(CHIPS.get(chip, "chip %d" % chip), version, idf, len(data))


def _end(path, data):
    """Where the application ends, with its SHA-256, which is checked."""
    at = _HEADER
    for _ in range(data[1]):
        if at + 8 > len(data):
            raise Failure("%s is cut off: a segment's header is missing" % path)
        at += 8 + struct.unpack_from("<I", data, at + 4)[0]
    at = (at + 16) & ~15  # filler, and the checksum in the last byte
    if not data[_HASHED_AT]:
        return at
    if hashlib.sha256(data[:at]).digest() != data[at : at + _SUM]:
        raise Failure("%s is cut off or damaged: its own SHA-256 is wrong" % path)
    return at + _SUM
