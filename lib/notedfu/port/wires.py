"""MicroPython's buses and pins, loaded when the Notecard is first spoken to: docs/PORTING.md."""

import machine

_I2C_TIMEOUT_US = 250000  # 255 bytes at 100 kHz take 23 ms, and rp2 and esp32 count the whole transfer
_NOTHING = memoryview(b"")


def bus(settings):
    """The I2C bus, as i2c.I2CLink wants it."""
    pins = {}
    if settings.i2c_scl != -1:
        pins = {"scl": machine.Pin(settings.i2c_scl), "sda": machine.Pin(settings.i2c_sda)}
    return Bus(machine.I2C(settings.i2c_id, freq=settings.i2c_hz, timeout=_I2C_TIMEOUT_US, **pins))


def serial(settings):
    """The UART, as uart.UartLink wants it."""
    pins: dict = {}
    if settings.uart_tx != -1:
        pins = {"tx": machine.Pin(settings.uart_tx), "rx": machine.Pin(settings.uart_rx)}
    basis = (settings.uart_id, settings.uart_baud)
    try:
        uart = machine.UART(*basis, timeout=0, rxbuf=settings.uart_rxbuf, **pins)
    except TypeError:
        uart = machine.UART(*basis, timeout=0, **pins)  # nrf: a fixed buffer of 64 bytes
    return Serial(uart)


class Cut:
    """The first n bytes of a buffer as a view.

    The last two are kept, a whole chunk and the rest of a request: the steady state allocates nothing.
    """

    def __init__(self):
        self._view = self._other = _NOTHING
        self._of = None

    def cut(self, buf, n):
        """buf[:n], uncopied."""
        if n == len(buf):
            return buf
        if self._of is not buf:
            self._of = buf
            self._view = self._other = _NOTHING
        if len(self._view) != n:
            self._view, self._other = self._other, self._view
        if len(self._view) != n:
            self._view = memoryview(buf)[:n]
        return self._view


class Bus:
    """machine.I2C in the form that the link wants; a STOP ends each transfer."""

    def __init__(self, i2c):
        self._i2c = i2c
        self._out = Cut()
        self._in = Cut()

    def write(self, address, buf, n):
        """Write buf[:n]; OSError for a NACK or a bus fault."""
        self._i2c.writeto(address, self._out.cut(buf, n))

    def read(self, address, buf, n):
        """Read n bytes to the start of buf; OSError as for write()."""
        self._i2c.readfrom_into(address, self._in.cut(buf, n))


class WakeLines:
    """RTX, driven while the Notecard is spoken to, and CTX, by which it says that it listens."""

    def __init__(self, rtx, ctx):
        self._rtx = machine.Pin(rtx, machine.Pin.IN)
        self._ctx = machine.Pin(ctx, machine.Pin.IN)

    def request(self):
        """Drive RTX high, pull CTX up."""
        self._rtx.init(machine.Pin.OUT, value=1)
        self._ctx.init(machine.Pin.IN, machine.Pin.PULL_UP)

    def is_granted(self):
        """Whether CTX is high."""
        return self._ctx.value() == 1

    def listen_no_more(self):
        """Take CTX's pull-up away."""
        self._ctx.init(machine.Pin.IN)

    def release(self):
        """Let RTX float."""
        self._rtx.init(machine.Pin.IN)


class Serial:
    """machine.UART in the form that the link wants."""

    def __init__(self, uart):
        self._uart = uart
        self._out = Cut()
        self.any = uart.any

    def readinto(self, buf, n):
        """Read at most n bytes, those that are there, to the start of buf; returns how many."""
        return self._uart.readinto(buf, n) or 0

    def write(self, buf, n):
        """Write buf[:n]."""
        self._uart.write(self._out.cut(buf, n))
