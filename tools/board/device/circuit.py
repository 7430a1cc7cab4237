"""From power to prompt as CircuitPython goes: boot.py, which may write, then code.py, if boot.py lets it."""

import gc
import os
import sys
import time

import vfs

from tools.board.device import circuitpython as fakes
from tools.board.device import i2c, machine, uart
from tools.flash.blockdev import FatDevice

_WRITE = 0x57
_READ = 0x52


class Bus:
    """What the fakes want below busio.I2C."""

    def write(self, address, data):
        i2c._wire.transfer(_WRITE, address, data, len(data))

    def read(self, address, n):
        buf = bytearray(n)
        i2c._wire.transfer(_READ, address, buf, n)
        return buf


class Serial(uart.UART):
    """What they want below busio.UART."""

    def __init__(self, baud, size):
        super().__init__(0, baud, rxbuf=size, timeout=0)

    def write(self, buf, n):
        return super().write(memoryview(buf)[:n])


class Nvm:
    """microcontroller.nvm in the file descriptor `fd`. Each assignment writes all of it."""

    def __init__(self, fd):
        self._file = open(fd, "r+b")
        self.data = bytearray(self._file.read())

    def write(self):
        self._file.seek(0)
        self._file.write(self.data)
        self._file.flush()


def power_up(config, control, nor, main_globals, forget_the_host):
    """Build the board, run its files. When this returns, the interpreter shows its prompt."""
    device = FatDevice(nor, 0, config["fs_blocks"])
    mounted = []

    def remount(readonly):
        while mounted:
            vfs.umount(mounted.pop())
        vfs.mount(vfs.VfsFat(device), "/", readonly=readonly)
        mounted.append("/")

    def serial(baud, size):
        return Serial(baud, size)

    nvm = Nvm(config["nvm"])
    board = fakes.Board(time.ticks_ms, lambda: control.halt(b"reset\n"), Bus(), serial, remount, nvm.data)
    board.on_nvm = nvm.write
    board.on_watchdog = _watch(control)
    if config["kind"] == "circuitpython-dualbank":
        from tools.board.device import flashbanks

        flashbanks.install(board, nor, config["fs_blocks"], config["reset_cause"] != machine.SOFT_RESET)
    nor.on_busy = uart.miss
    _load_busdevice(sys.argv[1] + "/build/venv/lib")
    fakes.install(board)
    modules = {name: sys.modules[name] for name in fakes.NAMES}
    vfs.umount("/")
    board.begin_boot()
    forget_the_host(main_globals, control, modules)
    gc.collect()
    control.tell(b"heap %d %d\n" % (gc.mem_alloc(), gc.mem_free()))
    _run("boot.py", main_globals)
    board.end_boot()
    _run("code.py", main_globals)


def _load_busdevice(folder):
    """The real adafruit_bus_device, which boards have in C; only its annotations want busio."""
    (python,) = [name for name in os.listdir(folder) if name.startswith("python")]
    sys.path.insert(0, "%s/%s/site-packages" % (folder, python))
    sys.modules["busio"] = fakes
    fakes.I2C = None
    __import__("adafruit_bus_device.i2c_device")
    sys.path.pop(0)


def _watch(control):
    running = []

    def tell(timeout_s):
        if timeout_s is None:
            running.clear()
        elif running:
            control.tell(b"feed\n")
        else:
            running.append(1)
            control.tell(b"watchdog %d\n" % int(timeout_s * 1000))

    return tell


def _run(name, main_globals):
    try:
        with open("/" + name):
            pass
    except OSError:
        return
    try:
        execfile("/" + name, main_globals)  # noqa: F821 - MicroPython's
    except BaseException as error:  # noqa: BLE001 - as the firmware does: show it, go on
        sys.print_exception(error, sys.stdout)
