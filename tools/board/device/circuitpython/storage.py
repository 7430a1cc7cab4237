"""The module `storage`: who may write to CIRCUITPY, and when that can be changed."""

from tools.board.device import circuitpython as here


class VfsFat:
    """What getmount() returns, as far as it is asked here."""

    @property
    def readonly(self):
        return here.current.readonly


_root = VfsFat()


def getmount(mount_path):
    if mount_path != "/":
        raise OSError(22)
    return _root


def remount(mount_path, readonly=False, *, disable_concurrent_write_protection=False):
    """In boot.py it decides what code.py may do; afterwards only where no computer sees the drive."""
    if mount_path != "/":
        raise OSError(22)
    board = here.current
    if not board.in_boot and board.usb:
        raise RuntimeError("Cannot remount path when visible via USB.")
    board.code_readonly = readonly
    if not board.in_boot:
        board._mount(readonly)


def disable_usb_drive():
    if not here.current.in_boot or not here.current.usb:
        raise RuntimeError("Cannot change USB devices now")
    here.current.code_readonly = False


def unsafe_disable_usb_drive():
    if not here.current.usb:
        raise RuntimeError("Cannot change USB devices now")
    here.current.code_readonly = False
    here.current._mount(False)


def erase_filesystem(extended=None):
    raise NotImplementedError("the drive is not erased here")
