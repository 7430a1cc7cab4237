"""`time` and `machine` on the bench, for programs that name them, and `os.uname`."""

import sys

import world

_SPIN_US = 500  # what a look at an empty receive buffer takes, so that a loop which spins gets on


class _Module:
    pass


class I2C:
    """machine.I2C, as far as note-python uses it."""

    def __init__(self, bus):
        self._bus = bus

    def writeto(self, address, data, stop=True):
        self._bus.write(address, data, len(data))

    def readfrom_into(self, address, buf):
        self._bus.read(address, buf, len(buf))


class UART:
    """machine.UART, as far as note-python uses it."""

    def __init__(self, serial, time):
        self._serial = serial
        self._time = time

    def any(self):
        count = self._serial.any()
        if not count:
            self._time.us += _SPIN_US
            self._time.wait += _SPIN_US
        return count

    def read(self, n):
        piece = bytearray(n)
        return bytes(piece[: self._serial.readinto(piece, n)])

    def write(self, data):
        self._serial.write(data, len(data))


def install(time):
    """Put the bench's time in the place of the interpreter's."""
    module = _Module()
    module.sleep = lambda seconds: time.sleep_ms(int(seconds * 1000 + 0.5))
    module.sleep_ms = time.sleep_ms
    module.ticks_ms = time.ticks_ms
    module.ticks_diff = time.ticks_diff
    module.time = lambda: time.us // 1000000
    sys.modules["time"] = sys.modules["utime"] = module
    machine = _Module()
    machine.Pin = None
    sys.modules["machine"] = machine
    system = _Module()
    board = _Module()
    board.machine = "Raspberry Pi Pico with RP2040"
    system.uname = lambda: board
    sys.modules["os"] = system


def ports(time, wire, link, baud):
    """(I2C or UART) of the board, by the settings' words."""
    if link == "uart":
        return UART(world.Serial(wire, time, baud), time)
    return I2C(world.Bus(wire, time, 100000))
