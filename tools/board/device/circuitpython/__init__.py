"""CircuitPython's modules, as strict as the real ones (shared-bindings of adafruit/circuitpython, 10.x).

`Board` is what lies below them; install() puts them in place. They run on CPython and on MicroPython.
"""

import builtins
import sys

NAMES = (
    "board",
    "busio",
    "digitalio",
    "dualbank",
    "hashlib",
    "microcontroller",
    "storage",
    "supervisor",
    "traceback",
    "watchdog",
)  # fmt: skip


class Board:
    """A board between power-up and power-down.

    now_ms(): milliseconds since power-up. bus: write(address, bytes), read(address, n), or None for a bus
    without pull-ups. serial(baudrate, size): makes what has any(), readinto(buf, n), write(buf, n).
    reset(): called for a hard reset, does not return. remount(readonly): makes the filesystem do as it says
    for programs. nvm: a bytearray, which outlives resets. usb: whether the chip shows CIRCUITPY over USB,
    which decides who writes to it.
    """

    def __init__(self, now_ms, reset, bus=None, serial=None, remount=None, nvm=None, usb=True):
        self.now_ms = now_ms
        self.reset = reset
        self.bus = bus
        self.serial = serial
        self.remount = remount
        self.nvm = nvm
        self.usb = usb
        self.in_boot = True
        self.run_reason = "startup"  # one of supervisor.RunReason
        self.readonly = False  # programs can't write; boot.py always can
        self.code_readonly = usb  # what boot.py leaves behind
        self.low_pins = ()
        self.taken = {}  # pin: who has it
        self.driven = {}  # output: its level
        self.watchdog_limit_s = 8.388  # rp2's
        self.on_watchdog = None  # told of (timeout in s or None for off) at start, feed and stop
        self.nvm_writes = 0
        self.on_nvm = None  # told of each write to nvm, when it is done
        self.has_hashlib = True
        self.firmwares = None  # dualbank.Firmwares, on Espressif
        self.extended = True  # the storage takes the second firmware slot: new Espressif boards

    def end_boot(self):
        """boot.py is through: USB comes up, pins are free again, code.py begins."""
        self.in_boot = False
        self.reload()
        self._mount(self.code_readonly)

    def reload(self):
        """A new VM: what the last one held is deinitialised."""
        self.taken.clear()
        if self.firmwares is not None:
            self.firmwares.end_vm()

    def begin_boot(self):
        """boot.py begins: it may write."""
        if self.firmwares is not None:
            self.firmwares.power_up()
        self.in_boot = True
        self.run_reason = "startup"
        self.code_readonly = self.usb
        self.taken.clear()
        self._mount(False)

    def _mount(self, readonly):
        self.readonly = readonly
        if self.remount:
            self.remount(readonly)

    def take(self, pin, user):
        """A pin for `user`; ValueError where another has it."""
        if not hasattr(pin, "name"):
            raise TypeError("pin must be of type Pin, not %s" % type(pin).__name__)
        if pin.name in self.taken:
            raise ValueError("%s in use" % pin.name)
        self.taken[pin.name] = user

    def give(self, user):
        """All pins of `user` are free."""
        for name in [name for name in self.taken if self.taken[name] is user]:
            self.taken.pop(name)


current = None  # the Board that the modules stand on


def install(board):
    """Put the modules in place, over `board`. Returns what was there, for restore()."""
    global current
    current = board
    before = {}
    for name in NAMES:
        before[name] = sys.modules.get(name)
        sys.modules[name] = _load(name)
    builtins.ReloadException = sys.modules["supervisor"].ReloadException
    if not board.has_hashlib:
        sys.modules["hashlib"] = None
    sys.modules["board"].renew()
    sys.modules["watchdog"].renew()
    return before


def restore(before):
    """Take them away again."""
    for name in before:
        if before[name] is not None:
            sys.modules[name] = before[name]
        else:
            sys.modules.pop(name, None)


def _load(name):
    full = __name__ + "." + name
    __import__(full)
    return sys.modules[full]
