"""What ESP-IDF's bootloader does before a firmware runs: otadata, the one trial boot, the check of an image.

esp-idf: components/bootloader_support (bootloader_common.c, bootloader_utility.c, esp_image_format.c) and
components/app_update (esp_ota_ops.c). CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is set, as MicroPython does it.
"""

import hashlib
import struct
from binascii import crc32

NEW = 0
PENDING_VERIFY = 1
VALID = 2
INVALID = 3
ABORTED = 4
UNDEFINED = 0xFFFFFFFF

SIGN = 0xE9  # the first byte of an application's image
_ENTRY = "<I20sII"  # esp_ota_select_entry_t: sequence, label, state, crc32 of the sequence
_HEADER = 24  # bytes of esp_image_header_t
_SEGMENTS = 16  # at most
_SUM = 32  # the SHA-256 behind an image
_PIECE = 4096


class Bootloader:
    """Over the chip `nor`: two sectors of otadata from block `otadata` on; slots: (first block, count) each.

    power_up() or stay() says which slot runs, as a number from 0, in `running`.
    """

    def __init__(self, nor, otadata, slots, chip):
        self._nor = nor
        self._otadata = otadata
        self._slots = slots
        self._chip = chip
        self.running = None

    def power_up(self):
        """After any hard reset: a firmware that was on trial is given up, a new one begins its trial."""
        for sector in (0, 1):
            sequence, state = self._entry(sector)
            if state == PENDING_VERIFY:
                self._write(sector, sequence, ABORTED)
        sector, slot = self._select(True)
        if sector is not None and self._entry(sector)[1] == NEW:
            self._write(sector, self._entry(sector)[0], PENDING_VERIFY)
        for one in [slot] + [other for other in range(len(self._slots)) if other != slot]:
            if self.is_image(one):
                self.running = one
                return
        self._nor.refuse("no firmware that starts: the board is dead")

    def stay(self):
        """After a soft reset: what ran goes on, whatever is to be started next."""
        self.running = self._select(False)[1]

    def selected(self):
        """The slot that the next reset starts."""
        return self._select(True)[1]

    def switch(self, slot):
        """esp_ota_set_boot_partition(). Returns whether the slot holds an image for this chip."""
        if not self.is_image(slot):
            return False
        sector = self._select(True)[0]
        if sector is None:
            self._write(0, slot + 1, NEW)
            return True
        sequence = self._entry(sector)[0]
        count = len(self._slots)
        if (sequence - 1) % count == slot:
            self._write(sector, sequence, NEW)
            return True
        higher = slot + 1
        while higher <= sequence:
            higher += count
        self._write(1 - sector, higher, NEW)
        return True

    def keep(self):
        """esp_ota_mark_app_valid_cancel_rollback(): good for what runs, at every boot."""
        for sector in (0, 1):
            sequence, state = self._entry(sector)
            if state == PENDING_VERIFY and (sequence - 1) % len(self._slots) == self.running:
                self._write(sector, sequence, VALID)

    def state(self, slot):
        """The state in the slot's newest entry, None without one."""
        found = [self._entry(sector) for sector in (0, 1)]
        found = sorted([one for one in found if one[0] and (one[0] - 1) % len(self._slots) == slot])
        return found[-1][1] if found else None

    def is_image(self, slot):
        """Whether the slot holds a whole application for this chip, by its own SHA-256."""
        first, count = self._slots[slot]

        def read(at, count):
            return self._read(first, at, count)

        return is_whole(read, count * self._nor.erase_block, self._chip)

    def _select(self, new_too):
        """(sector, slot) of the entry that counts; (None, 0) without one."""
        best = None
        for sector in (0, 1):
            sequence, state = self._entry(sector)
            if not sequence or state in (INVALID, ABORTED) or (state == NEW and not new_too):
                continue
            if best is None or sequence > best[0]:
                best = (sequence, sector)
        if best is None:
            return None, 0
        return best[1], (best[0] - 1) % len(self._slots)

    def _entry(self, sector):
        """(sequence, state) of a sector; sequence 0 where there is no valid entry."""
        raw = self._read(self._otadata + sector, 0, struct.calcsize(_ENTRY))
        sequence, _, state, crc = struct.unpack(_ENTRY, raw)
        if sequence == 0xFFFFFFFF or crc != _crc(sequence):
            return 0, UNDEFINED
        return sequence, state

    def _write(self, sector, sequence, state):
        """As ESP-IDF does it: the whole sector is erased first."""
        raw = struct.pack(_ENTRY, sequence, b"\xff" * 20, state, _crc(sequence))
        self._nor.erase(self._otadata + sector)
        unit = self._nor.program_unit
        raw = raw + b"\xff" * (-len(raw) % unit)
        self._nor.program((self._otadata + sector) * self._nor.erase_block, raw)

    def _read(self, block, at, count):
        data = bytearray(count)
        self._nor.readinto(block * self._nor.erase_block + at, memoryview(data))
        return bytes(data)


def is_whole(read, size, chip):
    """Whether a slot of `size` bytes, by read(at, count), begins with a whole application for this chip."""
    head = read(0, _HEADER)
    if head[0] != SIGN or not 0 < head[1] <= _SEGMENTS or head[23] != 1:
        return False
    if struct.unpack_from("<H", head, 12)[0] != chip:
        return False
    at = _HEADER
    for _ in range(head[1]):
        if at + 8 > size:
            return False
        at += 8 + struct.unpack("<I", read(at + 4, 4))[0]
    at = (at + 16) & ~15  # filler, and the checksum in the last byte
    if at + _SUM > size:
        return False
    total = hashlib.sha256()
    for done in range(0, at, _PIECE):
        total.update(read(done, min(_PIECE, at - done)))
    return total.digest() == read(at, _SUM)


def _crc(sequence):
    return crc32(struct.pack("<I", sequence), 0xFFFFFFFF) & 0xFFFFFFFF
