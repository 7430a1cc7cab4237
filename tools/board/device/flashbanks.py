"""The two firmwares of an Espressif board with CircuitPython, in the board's flash.

Layout as with MicroPython's OTA slots. The bootloader is told at once that what it starts is to be kept: its
trial boot is not for CircuitPython, which has no name for it.
"""

from tools.board import firmware
from tools.board.device import facades
from tools.board.device.bootloader import Bootloader
from tools.board.device.circuitpython import dualbank
from tools.board.device.esp32 import ota_layout

_HEAD = 112


class FlashBanks(dualbank.Firmwares):
    """As Firmwares, which holds them in RAM. hard: whether this boot is a hard reset."""

    def __init__(self, nor, fs_blocks, hard):
        self._nor = nor
        otadata, self._places = ota_layout(nor.block_count, fs_blocks)
        self._boot = Bootloader(nor, otadata, self._places, firmware.ESP32_S3)
        self._hard = hard
        self._end = 0  # bytes written to the other slot
        self._handle = False
        self.invalid = ""
        self.erases = 0
        dualbank.SIZE = self._places[0][1] * nor.erase_block

    @property
    def running(self):
        return self._boot.running

    @property
    def version(self):
        return self._version_in(self.running)

    def power_up(self):
        if self._hard:
            self._boot.power_up()
            self._boot.keep()
        else:
            self._boot.stay()
        if self._boot.selected() != self.running:
            self.invalid = self._version_in(self._boot.selected())

    def is_whole(self, slot):
        return self._boot.is_image(slot)

    def _version_in(self, slot):
        start = bytearray(_HEAD)
        self._nor.readinto(self._places[slot][0] * self._nor.erase_block, memoryview(start))
        return firmware.version_in(start)

    def _begin(self):
        """esp_ota_begin(OTA_SIZE_UNKNOWN): the whole slot is erased."""
        first, count = self._places[1 - self.running]
        for block in range(first, first + count):
            self._nor.erase(block)
        self._end = 0

    def _put(self, data, offset):
        offset = offset or self._end
        self._fits(offset + len(data))
        unit = self._nor.program_unit
        at = self._places[1 - self.running][0] * self._nor.erase_block + offset
        self._nor.program(at, data + b"\xff" * (-len(data) % unit))
        self._end = offset + len(data)

    def _choose(self, slot):
        self._boot.switch(slot)


def install(board, nor, fs_blocks, hard):
    """Give the board its firmwares; what the interpreter calls itself says which one runs."""
    board.firmwares = FlashBanks(nor, fs_blocks, hard)
    board.extended = False

    def named():
        return "espressif", "espressif", board.firmwares.version, "virtual", "Virtual board with ESP32S3"

    facades.names = named
