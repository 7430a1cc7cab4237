"""The module `dualbank` (Espressif): it writes and switches, and its handle is gone with the VM.

adafruit/circuitpython ports/espressif/common-hal/dualbank. What lies below it is `Firmwares`.
"""

from tools.board import firmware
from tools.board.device import circuitpython as here
from tools.board.device.bootloader import is_whole

SIZE = 16 * 4096  # bytes of a slot
_HEADERS = 288  # bytes, of image, segment and application, that the first buffer must be longer than


class Firmwares:
    """Both slots, and which one runs; outlives resets. The bootloader does not go back by itself here."""

    def __init__(self, first, chip=firmware.ESP32_S3):
        self._chip = chip
        self.slots = [bytearray(first), bytearray()]
        self.running = 0
        self.next = 0
        self.invalid = ""  # the version that did not start last
        self.erases = 0
        self._handle = False

    @property
    def version(self):
        """Of what runs."""
        return firmware.version_in(self.slots[self.running])

    def power_up(self):
        """After a hard reset: what was chosen, if it is whole."""
        self.end_vm()
        if not self.is_whole(self.next):
            self.invalid = firmware.version_in(self.slots[self.next]) if self.slots[self.next] else ""
            self.next = 1 - self.next
        self.running = self.next

    def end_vm(self):
        """esp_ota_abort(): the next write begins anew."""
        self._handle = False

    def is_whole(self, slot):
        data = bytes(self.slots[slot])
        data += b"\xff" * (SIZE - len(data))

        def read(at, count):
            return data[at : at + count]

        return is_whole(read, SIZE, self._chip)

    def write(self, data, offset):
        if not self._handle:
            if len(data) <= _HEADERS:
                raise RuntimeError("Firmware is too big")
            version = firmware.version_in(data)
            if version == self.version:
                raise RuntimeError("Firmware is duplicate")
            if version and version == self.invalid:
                raise RuntimeError("Firmware is invalid")
            self._handle = True
            self.erases += 1
            self._begin()
        self._put(data, offset)

    def switch(self):
        self._handle = False
        if not self.is_whole(1 - self.running):
            raise RuntimeError("Update failed")
        self._choose(1 - self.running)

    def _begin(self):
        self.slots[1 - self.running] = bytearray()

    def _put(self, data, offset):
        slot = self.slots[1 - self.running]
        if offset == 0:
            offset = len(slot)  # behind what is there
        self._fits(offset + len(data))
        slot.extend(b"\xff" * (offset - len(slot)))
        slot[offset : offset + len(data)] = data

    @staticmethod
    def _fits(end):
        if end > SIZE:
            raise RuntimeError("Firmware is too big")

    def _choose(self, slot):
        self.next = slot


def flash(buffer, *, offset=0):
    """Write firmware to the slot that does not run."""
    _check()
    here.current.firmwares.write(bytes(buffer), offset)


def switch():
    """Boot the other slot at the next reset."""
    _check()
    here.current.firmwares.switch()


def _check():
    if here.current.extended:
        raise RuntimeError("storage is extended")
