"""The places that an ESP32's bootloader starts a firmware from. Loaded only where these are the target."""

import struct

from esp32 import Partition

from notedfu.errors import ImageError, LocalError

_CHIP_AT = 12  # of the image header: esp_image_header_t.chip_id
_VALIDATE_FAILED = 5379  # ESP_ERR_OTA_VALIDATE_FAILED, 0x1503


class Banks:
    """The two OTA partitions: the one that runs, and the other. LocalError `no-banks` where there are none.

    running, other: their labels, as bytes. size: bytes of the other one.
    """

    def __init__(self):
        try:
            self._running = Partition(Partition.RUNNING)
            self._other = self._running.get_next_update()
        except OSError:
            raise LocalError("no-banks", "the partition table has no second OTA slot") from None
        self.running = self._running.info()[4].encode()
        self.other = self._other.info()[4].encode()
        self.size = self._other.info()[3]

    def chip(self):
        """esp_chip_id_t, as the firmware that runs says it."""
        head = bytearray(16)
        self._running.readblocks(0, head, 0)
        return struct.unpack_from("<H", head, _CHIP_AT)[0]

    def spare(self):
        """The block device of the partition that does not run."""
        return self._other

    def switch(self):
        """The next reset starts the other one, once. ImageError `bad-firmware` if it is none; LocalError."""
        try:
            self._other.set_boot()
        except OSError as error:
            if abs(error.args[0]) == _VALIDATE_FAILED:
                raise ImageError("bad-firmware", "ESP-IDF's own check does not take it") from None
            raise LocalError("flash-fault", "set_boot: %s" % error) from None

    def keep(self):
        """What runs now is started from now on. OSError."""
        Partition.mark_app_valid_cancel_rollback()
