"""The module `busio`.

A transfer without the lock is an error; I2C's timeout has no effect; UART.readinto takes no length.
"""

from tools.board.device import circuitpython as here

_ALL = 0x7FFFFFFF


class _Device:
    """What both buses share: pins, and an end."""

    def __init__(self, *pins):
        self._ended = False
        for pin in pins:
            here.current.take(pin, self)

    def deinit(self):
        """Give the pins back."""
        self._ended = True
        here.current.give(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.deinit()

    def _alive(self):
        if self._ended or self not in here.current.taken.values():
            raise ValueError("Object has been deinitialized and can no longer be used. Create a new object.")


class I2C(_Device):
    """A controller."""

    def __init__(self, scl, sda, *, frequency=100000, timeout=255):
        if here.current.bus is None:
            raise RuntimeError("No pull up found on SDA or SCL; check your wiring")
        super().__init__(scl, sda)
        self._locked = False
        self.frequency = frequency

    def try_lock(self):
        self._alive()
        if self._locked:
            return False
        self._locked = True
        return True

    def unlock(self):
        self._alive()
        self._locked = False

    def probe(self, address):
        self._check()
        try:
            here.current.bus.write(address, b"")
        except OSError:
            return False
        return True

    def scan(self):
        return [address for address in range(0x08, 0x78) if self.probe(address)]

    def writeto(self, address, buffer, *, start=0, end=_ALL):
        self._check()
        here.current.bus.write(address, bytes(memoryview(buffer)[start : min(end, len(buffer))]))

    def readfrom_into(self, address, buffer, *, start=0, end=_ALL):
        self._check()
        end = min(end, len(buffer))
        if end <= start:
            raise ValueError("buffer length must be >= 1")
        memoryview(buffer)[start:end] = here.current.bus.read(address, end - start)

    def writeto_then_readfrom(
        self, address, out_buffer, in_buffer, *, out_start=0, out_end=_ALL, in_start=0, in_end=_ALL
    ):
        self.writeto(address, out_buffer, start=out_start, end=out_end)
        self.readfrom_into(address, in_buffer, start=in_start, end=in_end)

    def _check(self):
        self._alive()
        if not self._locked:
            raise RuntimeError("Function requires lock.")


class UART(_Device):
    """A serial port; timeout in seconds."""

    def __init__(
        self,
        tx=None,
        rx=None,
        *,
        rts=None,
        cts=None,
        rs485_dir=None,
        rs485_invert=False,
        baudrate=9600,
        bits=8,
        parity=None,
        stop=1,
        timeout=1,
        receiver_buffer_size=64,
    ):
        if tx is None and rx is None:
            raise ValueError("tx and rx cannot both be None")
        if not 0 <= timeout <= 100:
            raise ValueError("timeout must be 0-100")
        if not 1 <= receiver_buffer_size <= 0xFFFF:
            raise ValueError("receiver_buffer_size must be 1-65535")
        super().__init__(*[pin for pin in (tx, rx) if pin is not None])
        self._timeout_ms = timeout * 1000
        self._port = here.current.serial(baudrate, receiver_buffer_size)

    @property
    def in_waiting(self):
        self._alive()
        return self._port.any()

    def readinto(self, buf):
        """Fill buf, or less when the timeout is over; None for nothing."""
        self._alive()
        began = here.current.now_ms()
        while self._port.any() < len(buf) and here.current.now_ms() - began < self._timeout_ms:
            pass
        return self._port.readinto(buf, min(self._port.any(), len(buf))) or None

    def write(self, buf):
        self._alive()
        if isinstance(buf, str):
            raise TypeError("object with buffer protocol required")
        self._port.write(buf, len(buf))
        return len(buf)
