"""CircuitPython 9 and 10: busio, storage, microcontroller. docs/PORTING.md lists the obligations.

boot.py may always write and decides; code.py runs the app. No time.ticks_ms, no MD5, no heap_lock here.
"""

import os
import time

import microcontroller
import storage
import supervisor

from notedfu.clock import Clock
from notedfu.errors import LocalError, SettingsError
from notedfu.port import BasePort

_TICKS = 1 << 29  # supervisor.ticks_ms() wraps here
_LOCK_MS = 1000
_ETIMEDOUT = 110
_PIECES = (256, 64, 16, 4, 1)  # sizes of the views into which UART bytes are read
_KEPT = 256  # bytes of nvm, at its start; SAMD21 has no more


def _ticks_diff(end, start):
    return (end - start + _TICKS // 2) % _TICKS - _TICKS // 2


def _sleep_ms(ms):
    time.sleep(ms / 1000)


class Port(BasePort):
    """What this interpreter gives to the core, in code.py."""

    acts_in_boot = True
    # a save by the computer, Ctrl-D and supervisor.reload() raise it; its parent is BaseException
    passing = (ReloadException,)

    def clock(self):
        """A Clock over this board's ticks."""
        return Clock(supervisor.ticks_ms, _ticks_diff, _sleep_ms)

    def ms(self):
        """Milliseconds now, as clock().ms() has them."""
        return supervisor.ticks_ms()

    def sizes(self, folder):
        """{name: bytes} of the files in `folder`, a whole path. OSError."""
        found = {}
        for name in os.listdir(folder):
            status = os.stat(folder + "/" + name)
            if status[0] & 0x8000:  # S_IFREG
                found[name] = status[6]
        return found

    def bus(self, settings):
        """The I2C bus, as i2c.I2CLink wants it: the board's own, which others may share, or one on pins."""
        if settings.i2c_scl == -1:
            i2c = _of_board("I2C")()
        else:
            import busio

            pins = (_pin(settings.i2c_scl), _pin(settings.i2c_sda))
            i2c = busio.I2C(*pins, frequency=settings.i2c_hz)
        return Bus(i2c, self.clock())

    def serial(self, settings):
        """The UART, as uart.UartLink wants it."""
        import busio

        if settings.uart_tx == -1:
            pins = (_of_board("TX"), _of_board("RX"))
        else:
            pins = (_pin(settings.uart_tx), _pin(settings.uart_rx))
        uart = busio.UART(
            *pins, baudrate=settings.uart_baud, timeout=0, receiver_buffer_size=settings.uart_rxbuf
        )
        return Serial(uart)

    def wake_lines(self, settings):
        """The pins RTX and CTX, as waker.Waker wants them."""
        return WakeLines(settings.rtx_pin, settings.ctx_pin)

    def region(self, settings):
        """The block device of the settings' own module.

        LocalError `no-region`: Python reaches no other raw flash.
        """
        from notedfu.port.regions import region

        return region(settings)

    def banks(self):
        """The two firmwares of an Espressif board. LocalError `no-banks` where there is no dualbank."""
        try:
            from notedfu.port.dualbanks import Banks
        except ImportError:
            raise LocalError("no-banks", "this board has no module dualbank") from None
        return Banks()

    def rom(self):
        """LocalError `no-rom`: CircuitPython has no ROMFS."""
        raise LocalError("no-rom", "CircuitPython has no ROMFS")

    def sha256(self, data=b""):
        """A new running SHA-256 of `data`.

        LocalError `no-sha256` where the interpreter has none (SAMD51, STM).
        """
        try:
            import hashlib
        except ImportError as error:
            raise LocalError("no-sha256", "this interpreter has no hashlib") from error
        return hashlib.new("sha256", data)

    def md5(self):
        """None: there is none."""
        return

    def asked_for(self):
        """Whether a save or Ctrl-D has led to this run; supervisor.reload() is the app's own."""
        reason = supervisor.runtime.run_reason
        return reason in (supervisor.RunReason.AUTO_RELOAD, supervisor.RunReason.REPL_RELOAD)

    def follows_boot(self):
        """Whether this is the first run of code.py since a hard reset."""
        return supervisor.runtime.run_reason == supervisor.RunReason.STARTUP

    def pin_is_low(self, pin):
        """Whether `pin`, pulled up, is held low; False for -1."""
        if pin == -1:
            return False
        import digitalio

        one = digitalio.DigitalInOut(_pin(pin))
        try:
            one.switch_to_input(digitalio.Pull.UP)
            return not one.value
        finally:
            one.deinit()  # the app may want it

    def reset(self):
        """A hard reset. Does not return."""
        microcontroller.reset()

    def _show(self, error):
        import traceback

        traceback.print_exception(error)

    def keep(self, record):
        """Hold `record` in nvm for boot.py.

        Returns whether it reads back. What is there already is not rewritten.
        """
        nvm = microcontroller.nvm
        if nvm is None or len(record) > min(len(nvm), _KEPT):
            return False
        if bytes(nvm[: len(record)]) != record:
            nvm[: len(record)] = record  # one assignment: espressif writes all of nvm each time
        return bytes(nvm[: len(record)]) == record

    def kept(self):
        """The first bytes of nvm, whoever wrote them."""
        nvm = microcontroller.nvm
        return bytes(nvm[: min(len(nvm), _KEPT)]) if nvm else b""

    def hand_over(self, settings):
        """Let code.py write and the computer read, unless the settings give the drive to the computer."""
        if settings.drive == "updater":
            storage.remount("/", readonly=False)

    def _watch(self):
        return Guard(self.say)

    def _noise(self):
        return supervisor.ticks_ms()


class BootPort(Port):
    """The same in boot.py, whose output goes into boot_out.txt: a change there costs a second and a write."""

    def say(self, text):
        pass

    def complain(self, error):
        pass


def _of_board(name):
    """What the board calls `name`; SettingsError where it has none."""
    import board

    try:
        return getattr(board, name)
    except AttributeError:
        raise SettingsError("no-pin", "board.%s is not there: name the pins in notedfu.json" % name) from None


def _pin(pin):
    """The pin of that name in `board`, or microcontroller.pin.GPIO<number>."""
    if isinstance(pin, str):
        return _of_board(pin)
    try:
        return getattr(microcontroller.pin, "GPIO%d" % pin)
    except AttributeError:
        raise SettingsError("no-pin", "there is no GPIO%d: use a name from dir(board)" % pin) from None


class Bus:
    """A shared I2C bus in the form that the link wants. Allocates one device for each address."""

    def __init__(self, i2c, clock):
        self._i2c = i2c
        self._clock = clock
        self._device = None
        self._address = -1

    def write(self, address, buf, n):
        """Write buf[:n]; OSError for a NACK, a bus fault, or a bus that its other users do not let go."""
        device = self._take(address)
        try:
            device.write(buf, start=0, end=n)
        finally:
            self._i2c.unlock()

    def read(self, address, buf, n):
        """Read n bytes to the start of buf; OSError as for write()."""
        device = self._take(address)
        try:
            device.readinto(buf, start=0, end=n)
        finally:
            self._i2c.unlock()

    def _take(self, address):
        """Lock the bus, with a deadline: I2CDevice's own `with` waits for ever."""
        if self._device is None or address != self._address:
            from adafruit_bus_device.i2c_device import I2CDevice

            self._device = I2CDevice(self._i2c, address, False)  # no probe: a Notecard may be busy
            self._address = address
        began = self._clock.ms()
        while not self._i2c.try_lock():
            if self._clock.since(began) >= _LOCK_MS:
                raise OSError(_ETIMEDOUT)
            self._clock.sleep(1)
        return self._device


class WakeLines:
    """RTX, driven while the Notecard is spoken to, and CTX, by which it says that it listens."""

    def __init__(self, rtx, ctx):
        import digitalio

        self._up = digitalio.Pull.UP
        self._rtx = digitalio.DigitalInOut(_pin(rtx))
        self._ctx = digitalio.DigitalInOut(_pin(ctx))

    def request(self):
        """Drive RTX high, pull CTX up."""
        self._rtx.switch_to_output(True)
        self._ctx.switch_to_input(self._up)

    def is_granted(self):
        """Whether CTX is high."""
        return self._ctx.value

    def listen_no_more(self):
        """Take CTX's pull-up away."""
        self._ctx.switch_to_input()

    def release(self):
        """Let RTX float."""
        self._rtx.switch_to_input()


class Serial:
    """busio.UART in the form that the link wants.

    Its readinto() takes no length, so bytes are read into views of a few fixed sizes, made once a buffer.
    """

    def __init__(self, uart):
        self._uart = uart
        self._of = None
        self._views = ()

    def any(self):
        """How many bytes wait."""
        return self._uart.in_waiting

    def readinto(self, buf, n):
        """Read at most n bytes, those that are there, to the start of buf; returns how many."""
        if self._of is not buf:
            self._of = buf
            self._views = tuple([memoryview(buf)[:size] for size in _PIECES if size <= len(buf)])
        for view in self._views:
            if len(view) <= n:
                return self._uart.readinto(view) or 0
        return 0

    def write(self, buf, n):
        """Write buf[:n]."""
        self._uart.write(memoryview(buf)[:n])


class Guard:
    """The hardware watchdog. There is no timer to feed it, so alive() does, and the app must call it in time.

    Where the hardware can't wait so long it stays off, and say(text) is told: bitten, a healthy app that
    sleeps longer would lose its trial.
    """

    def __init__(self, say):
        self._say = say
        self._watchdog = None

    def demand(self, patience_ms):
        """From now on alive() must be called at least every patience_ms; never if that is None."""
        if patience_ms is None:
            self._stop()
            return
        try:
            from watchdog import WatchDogMode

            watchdog = microcontroller.watchdog
            if watchdog is None:
                raise NotImplementedError("none")
            self._watchdog = watchdog  # from here on: one that runs already may refuse another timeout
            watchdog.timeout = patience_ms / 1000
            watchdog.mode = WatchDogMode.RESET
        except Exception as error:  # noqa: BLE001 - ports disagree about what they raise, and the app is to run
            self._say("no watchdog of %d s here (%s)" % (patience_ms // 1000, error))

    def alive(self):
        """The app or the updater is at work."""
        if self._watchdog is not None and self._watchdog.mode is not None:  # the app may have stopped it
            self._watchdog.feed()

    def _stop(self):
        """Where it can't be stopped it bites when its time is over."""
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is None or watchdog.mode is None:
            return
        try:
            watchdog.mode = None
        except Exception:  # noqa: BLE001 - as above
            watchdog.feed()
