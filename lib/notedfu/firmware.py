"""A native firmware as an offer: what its first bytes say, and the room it needs. For preflight.

The layout is ESP-IDF's: esp_app_format.h (esp_image_header_t, 24 bytes; a segment's header, 8) and
esp_app_desc.h, whose magic word begins the first segment of every application, and of no bootloader.
"""

import struct

from notedfu.errors import ImageError, LocalError
from notedfu.otaslots import BANK, FIRMWARE
from notedfu.otastage import PAGE

FIRST = 36  # bytes that judge() wants

_MAGIC = 0xE9
_CHIP_AT = 12
_APP_AT = 32
_APP_MAGIC = b"\x32\x54\xcd\xab"
_LABEL = 16


def is_firmware(tlvs):
    """Whether an image's payload is a firmware."""
    return tlvs.kind == FIRMWARE


def judge(first, chip):
    """Look at a .bin's first 36 bytes; chip: esp_chip_id_t of this device, or None for any.

    ImageError `no-firmware`, `merged`, `wrong-chip`.
    """
    if len(first) < FIRST or first[0] not in (_MAGIC, 0xFF):
        raise ImageError("no-firmware", "no ESP32 application: it begins with 0x%02x" % first[0])
    if first[0] != _MAGIC or bytes(first[_APP_AT:FIRST]) != _APP_MAGIC:
        raise ImageError("merged", "a bootloader or nothing is in front; take the application's .bin alone")
    made_for = struct.unpack_from("<H", first, _CHIP_AT)[0]
    if chip is not None and made_for != chip:
        raise ImageError("wrong-chip", "made for chip %d, this is %d" % (made_for, chip))


def look(dfu, slots, candidate):
    """One dfu.get: is this a firmware for this chip, and as a partition wants it? ImageError if not."""
    header = candidate.header
    if header.size != PAGE:
        raise ImageError("bad-sizes", "header of %d bytes; a firmware's has %d" % (header.size, PAGE))
    count = min(FIRST, header.payload_size)
    dfu.get(header.size, count)
    judge(bytes(dfu.page[:count]), slots.banks.chip())


def reserve_room(slots, active, candidate, stage):
    """Keep room for the app, which is copied into the new slot.

    ImageError `too-large`, LocalError `no-room`.
    """
    size = candidate.header.payload_size
    if size > slots.banks.size:
        raise ImageError("too-large", "the firmware has %d bytes, its slot %d" % (size, slots.banks.size))
    sizes = [_LABEL]

    def add(path, size, crc):
        if not path.endswith("/" + BANK):
            sizes.append(size)
        return True

    if active:
        slots.examine(active, add)
    needed = slots.room_needed(sum(sizes), len(sizes))
    room = slots.room(active)
    if needed > room:
        raise LocalError("no-room", "the app beside it needs %d bytes, %d are free" % (needed, room))
    stage.reserve = max(0, needed - slots.held(active))
