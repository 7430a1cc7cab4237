"""Where raw flash for staging is, on each port of MicroPython. Loaded only where staging is no file."""

import os

from notedfu.errors import LocalError

_COUNT = 4  # ioctl
_SIZE = 5
# subtypes of data: where a table names none, and those without a meaning to ESP-IDF (esp_partition.h)
_UNDEFINED = 0x06
_FREE = range(0x40, 0x80)


def region(settings):
    """A block device by MicroPython's extended protocol; LocalError `no-region` if there is none.

    Its bounds and its reports differ between ports (flashstage.py lives with all of them).
    """
    try:
        if settings.staging_module:
            return __import__(settings.staging_module).region(settings)
        return _own(settings)
    except (LocalError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - a module of the board's own may raise anything
        raise LocalError("no-region", "no staging region as the settings say: %s" % error) from None


def _own(settings):
    """Asked for as features: each of these modules is on one port only."""
    try:
        from esp32 import Partition
    except ImportError:
        return _slice(settings)
    if settings.staging_partition == "ota":
        return Partition(Partition.RUNNING).get_next_update()
    label = settings.staging_partition
    found = Partition.find(Partition.TYPE_DATA, label=label)[0]
    subtype = found.info()[1]
    if subtype != _UNDEFINED and subtype not in _FREE:  # the filesystem's own, NVS, otadata
        raise LocalError("no-region", "%s has subtype 0x%x, not 0x40 to 0x7f" % (label, subtype))
    return found


def _slice(settings):
    """rp2.Flash and pyb.Flash take bytes from the start of the storage area, where the filesystem lies.

    They see no overlap.
    """
    try:
        from rp2 import Flash
    except ImportError:
        try:
            from pyb import Flash
        except ImportError:
            raise LocalError("no-region", "this board has no raw flash for Python; stage in a file") from None
    if not settings.staging_length:
        raise LocalError("no-region", "set staging_start and staging_length, or stage in a file")
    _check_free(Flash(start=0), settings.staging_start)
    return Flash(start=settings.staging_start, len=settings.staging_length)


def _check_free(flash, start):
    """LocalError unless the filesystem ends before `start`: a download would erase what lies behind."""
    size = flash.ioctl(_COUNT, 0) * flash.ioctl(_SIZE, 0)
    for path in ("/", "/flash"):  # on rp2; on stm32
        try:
            status = os.statvfs(path)
        except OSError:
            continue
        taken = status[1] * status[2]
        if start < taken <= size:  # a larger one lies on another medium
            raise LocalError("no-region", "staging_start is %d, the filesystem has %d bytes" % (start, taken))
