"""The places that an ESP32's bootloader starts a firmware from. Loaded only where these are the target."""

import struct

from esp32 import Partition

from notedfu.bankwriter import BankWriter
from notedfu.errors import ImageError, LocalError

_CHIP_AT = 12  # of the image header: esp_image_header_t.chip_id
_VALIDATE_FAILED = 5379  # ESP_ERR_OTA_VALIDATE_FAILED, 0x1503


class Banks:
    """The two OTA partitions: the one that runs, and the other. LocalError `no-banks` where there are none.

    other: the label of the other one, as bytes. size: its bytes. once: the bootloader starts a new firmware
    once, and goes back unless keep() is called in that run.
    """

    once = True

    def __init__(self):
        try:
            self._running = Partition(Partition.RUNNING)
            self._other = self._running.get_next_update()
        except OSError:
            raise LocalError("no-banks", "the partition table has no second OTA slot") from None
        self._label = self._running.info()[4].encode()
        self.other = self._other.info()[4].encode()
        self.size = self._other.info()[3]

    def fits(self, label):
        """Whether the firmware with this label runs."""
        return label == self._label

    def chip(self):
        """esp_chip_id_t, as the firmware that runs says it."""
        head = bytearray(16)
        self._running.readblocks(0, head, 0)
        return struct.unpack_from("<H", head, _CHIP_AT)[0]

    def writer(self, clock):
        """A stream stage for a whole .bin, into the partition that does not run."""
        return BankWriter(self._other, clock)

    def switch(self):
        """The next reset starts the other one, once. ImageError `bad-firmware` if it is none; LocalError."""
        try:
            self._other.set_boot()
        except OSError as error:
            if abs(error.args[0]) == _VALIDATE_FAILED:
                raise ImageError("bad-firmware", "ESP-IDF's own check does not take it") from None
            raise LocalError("flash-fault", "set_boot: %s" % error) from None

    def leave(self):
        """Nothing: the bootloader goes back by itself."""

    def keep(self):
        """What runs now is started from now on. OSError."""
        Partition.mark_app_valid_cancel_rollback()
