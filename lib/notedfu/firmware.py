"""A native firmware as an offer: what its first bytes say, and the room it needs. For preflight.

The layout is ESP-IDF's: esp_app_format.h (esp_image_header_t, 24 bytes; a segment's header, 8) and
esp_app_desc.h, whose magic word begins the first segment of every application, and of no bootloader.
"""

import struct

from notedfu.errors import ImageError, LocalError
from notedfu.otaslots import BANK, BOTH
from notedfu.otastage import PAGE

FIRST = 36  # bytes that judge() wants

_MAGIC = 0xE9
_CHIP_AT = 12
_APP_AT = 32
_APP_MAGIC = b"\x32\x54\xcd\xab"
_LABEL = 16
_TAR = 512  # bytes of the header in front of firmware.bin
_TAR_LIMIT = 1 << 19  # and of all headers and fillers at most, of 512 members


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
    start = header.size + (_TAR if candidate.tlvs.kind == BOTH else 0)
    if start != PAGE:
        raise ImageError("bad-sizes", "the firmware begins at %d, not at %d" % (start, PAGE))
    count = min(FIRST, header.tail - start)
    if count <= 0:
        raise ImageError("no-firmware", "payload of %d bytes" % header.payload_size)
    dfu.get(start, count)
    judge(bytes(dfu.page[:count]), slots.banks.chip())


def reserve_room(slots, active, candidate, stage):
    """Keep room for the app, which is copied into the new slot.

    ImageError `too-large`, LocalError `no-room`.
    """
    tlvs, size = candidate.tlvs, candidate.header.payload_size
    both = tlvs.kind == BOTH
    if both:
        if tlvs.unpacked_size is None:
            raise ImageError("bad-tlv", "the image does not say how large its app unpacks")
        size -= tlvs.unpacked_size + _TAR_LIMIT
    if size > slots.banks.size:
        raise ImageError("too-large", "the firmware has %d bytes, its slot %d" % (size, slots.banks.size))
    sizes = [_LABEL]

    def add(path, size, crc):
        if not path.endswith("/" + BANK):
            sizes.append(size)
        return True

    if both:
        needed = slots.room_needed(tlvs.unpacked_size + _LABEL, tlvs.file_count + 1)
    else:
        if active:
            slots.examine(active, add)
        needed = slots.room_needed(sum(sizes), len(sizes))
    room = slots.room(active)
    if needed > room:
        raise LocalError("no-room", "the app beside it needs %d bytes, %d are free" % (needed, room))
    stage.reserve = max(0, needed - slots.held(active))
