"""The module `esp32`: Partition, as ESP-IDF and ports/esp32/esp32_partition.c have it."""

import errno

from tools.board.device.bootloader import Bootloader
from tools.flash.blockdev import BlockDevice

_nor = None
_table = ()  # (type, subtype, first block, block count, label)
_SIGN = 0xE9  # the first byte of an app's image
_OTADATA = 2  # blocks
_bootloader = None


def install(nor, fs_blocks, slots):
    """Give the module its chip:

    `vfs` in front, and behind it `staging`, or with `slots` the inactive OTA slot.

    The running firmware has no bytes here: nothing of it is ever read or written.
    """
    global _nor, _table, _bootloader
    _nor, _bootloader = nor, None
    rest = nor.block_count - fs_blocks
    vfs = (Partition.TYPE_DATA, 0x81, 0, fs_blocks, "vfs")
    if slots:
        _table = (vfs, (0, 0x10, 0, 0, "ota_0"), (0, 0x11, fs_blocks, rest, "ota_1"))
    else:
        _table = (vfs, (0, 0, 0, 0, "factory"), (Partition.TYPE_DATA, 0x40, fs_blocks, rest, "staging"))


def install_ota(nor, fs_blocks, hard, chip=0):
    """As install(), with `otadata` and two OTA slots of the same size, from one of which the firmware runs.

    hard: whether this boot is a hard reset, for which the bootloader runs. Returns the Bootloader.
    """
    global _nor, _table, _bootloader
    _nor = nor
    otadata, slots = ota_layout(nor.block_count, fs_blocks)
    _bootloader = Bootloader(nor, otadata, slots, chip)
    if hard:
        _bootloader.power_up()
    else:
        _bootloader.stay()
    _table = (
        (Partition.TYPE_DATA, 0x81, 0, fs_blocks, "vfs"),
        (Partition.TYPE_DATA, 0, otadata, _OTADATA, "otadata"),
        (0, 0x10) + slots[0] + ("ota_0",),
        (0, 0x11) + slots[1] + ("ota_1",),
    )
    return _bootloader


def ota_layout(blocks, fs_blocks):
    """The first block of otadata, and (first block, count) of each OTA slot."""
    first = fs_blocks + _OTADATA
    count = (blocks - first) // 2
    return fs_blocks, ((first, count), (first + count, count))


def _missing():
    return OSError(errno.ENOENT)


class Partition:
    """A partition; every error is raised. Bounds are ESP-IDF's: what lies outside is refused, not done."""

    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, id, block_size=4096):
        apps = [row for row in _table if row[0] == 0]
        if id in (self.BOOT, self.RUNNING) and _bootloader is not None:
            slot = _bootloader.selected() if id == self.BOOT else _bootloader.running
            found = [apps[slot]]
        elif id in (self.BOOT, self.RUNNING):
            found = apps[:1]
        else:
            found = [row for row in _table if row[4] == id]
        if not found:
            raise _missing()
        self._take(found[0])

    def _take(self, row):
        self._row = row
        self._device = BlockDevice(_nor, row[2], row[3])
        self._bytes = row[3] * _nor.erase_block

    @staticmethod
    def find(type=0, subtype=0xFF, label=None, block_size=4096):
        """All that fit; `type` is TYPE_APP unless another is given."""
        found = []
        for row in _table:
            if row[0] == type and subtype in (0xFF, row[1]) and label in (None, row[4]):
                one = Partition(row[4])
                found.append(one)
        return found

    def info(self):
        return (self._row[0], self._row[1], self._row[2] * 4096, self._bytes, self._row[4], False)

    def readblocks(self, block, buf, offset=0):
        self._bound(block * 4096 + offset, len(buf))
        self._sound(self._device.readblocks(block, buf, offset))

    def writeblocks(self, block, buf, offset=None):
        """With two arguments it erases first, and takes whole blocks; with three it only programs."""
        self._bound(block * 4096 + (offset or 0), len(buf))
        if offset is None and len(buf) % 4096:
            raise OSError(errno.EINVAL)
        self._sound(self._device.writeblocks(block, buf, offset))

    def ioctl(self, op, arg):
        if op == 6:
            self._bound(arg * 4096, 4096)
            self._sound(self._device.ioctl(op, arg))
            return 0
        if op in (1, 2, 3):
            return 0
        return self._device.ioctl(op, arg) if op in (4, 5) else None

    def get_next_update(self):
        """The OTA slot that does not run; OSError where there is none."""
        if _bootloader is not None:
            return Partition("ota_%d" % (1 - _bootloader.running))
        return Partition("ota_1" if [row for row in _table if row[4] == "ota_1"] else "none")

    def set_boot(self):
        """Refuses what does not begin as an app's image."""
        if _bootloader is not None:
            if self._row[0] != self.TYPE_APP or not _bootloader.switch(self._row[1] & 1):
                raise OSError(-5379, "ESP_ERR_OTA_VALIDATE_FAILED")
            return
        first = bytearray(1)
        self.readblocks(0, first, 0)
        if self._row[0] != self.TYPE_APP or first[0] != _SIGN:
            raise OSError(-5379, "ESP_ERR_OTA_VALIDATE_FAILED")

    @staticmethod
    def mark_app_valid_cancel_rollback():
        if _bootloader is not None:
            _bootloader.keep()

    def _bound(self, at, length):
        if at < 0 or at + length > self._bytes:
            raise OSError(-258, "ESP_ERR_INVALID_ARG")

    @staticmethod
    def _sound(result):
        if result:
            raise OSError(-result)
