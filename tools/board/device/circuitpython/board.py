"""The module `board` of a board like the Raspberry Pi Pico: GP0 to GP28, and default pins for both buses."""

from tools.board.device.circuitpython import busio, microcontroller

_i2c = None


def renew():
    """A new life of the interpreter."""
    global _i2c
    _i2c = None


def I2C():
    """The one shared bus: the same object each time."""
    global _i2c
    if _i2c is None:
        _i2c = busio.I2C(SCL, SDA)
    return _i2c


for _number in range(29):
    globals()["GP%d" % _number] = getattr(microcontroller.pin, "GPIO%d" % _number)
SDA = microcontroller.pin.GPIO4
SCL = microcontroller.pin.GPIO5
TX = microcontroller.pin.GPIO0
RX = microcontroller.pin.GPIO1
