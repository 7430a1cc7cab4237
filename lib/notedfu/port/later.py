"""MicroPython's obligations of which a boot with nothing to do asks for none: docs/PORTING.md."""

import time

import machine

from notedfu.clock import Clock
from notedfu.errors import LocalError


def clock():
    """A Clock over this board's ticks."""
    return Clock(time.ticks_ms, time.ticks_diff, time.sleep_ms)


def bus(settings):
    """The I2C bus, as i2c.I2CLink wants it."""
    from notedfu.port.wires import bus

    return bus(settings)


def serial(settings):
    """The UART, as uart.UartLink wants it."""
    from notedfu.port.wires import serial

    return serial(settings)


def wake_lines(settings):
    """The pins RTX and CTX, as waker.Waker wants them."""
    from notedfu.port.wires import WakeLines

    return WakeLines(settings.rtx_pin, settings.ctx_pin)


def region(settings):
    """The raw flash region for staging, a block device; LocalError `no-region` if there is none."""
    from notedfu.port.regions import region

    return region(settings)


def banks():
    """What the bootloader starts firmwares from: an ESP32's OTA partitions. LocalError `no-banks`."""
    try:
        from notedfu.port.banks import Banks
    except ImportError:
        raise LocalError("no-banks", "this interpreter has no esp32.Partition") from None
    return Banks()


def rom():
    """The board's ROMFS partition. LocalError `no-rom`."""
    try:
        from notedfu.port.roms import rom
    except ImportError:
        raise LocalError("no-rom", "this interpreter has no module vfs") from None
    return rom()


def sha256(data=b""):
    """A new running SHA-256 of `data`; LocalError `no-sha256` where the interpreter has none."""
    try:
        from hashlib import sha256
    except ImportError as error:
        raise LocalError("no-sha256", "this interpreter has no hashlib.sha256") from error
    return sha256(data)


def md5():
    """A new running MD5, or None where the interpreter has none."""
    try:
        from hashlib import md5
    except ImportError:
        return None
    return md5()


def pin_is_low(pin):
    """Whether `pin`, pulled up, is held low; False for -1."""
    if pin == -1:
        return False
    return machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP).value() == 0


def keep(record):
    """False: here the filesystem can always be written."""
    return False


def kept():
    """Nothing."""
    return b""


def hand_over(settings):
    """Nothing to do."""


def asked_for():
    """False: main.py starts the app after each reset."""
    return False


def follows_boot():
    """False: main.py acts itself."""
    return False
