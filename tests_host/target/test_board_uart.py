"""The virtual board's UART loses what comes in while flash is written, as rp2's and stm32's do."""

import time

from tools.board.device import uart


class Line:
    """A wire on which bytes wait."""

    def __init__(self, data):
        self._data = data

    def readinto(self, buf):
        count = min(len(buf), len(self._data))
        buf[:count] = self._data[:count]
        self._data = self._data[count:]
        return count or None


def received(busy_us):
    uart._file, uart._haste = Line(bytes(range(200))), 1
    del uart._open[:]
    port = uart.UART(0, 115200, rxbuf=2048)
    if busy_us:
        uart.miss(busy_us)
    time.sleep_ms(30)
    buf = bytearray(400)
    return bytes(buf[: port.readinto(buf) or 0]), port.overruns


def test_nothing_is_lost_while_flash_rests():
    assert received(0) == (bytes(range(200)), 0)


def test_an_erase_leaves_a_fifo_of_bytes():
    data, lost = received(45000)
    assert data[:32] == bytes(range(32)) and lost == 168
