"""The world around the virtual board: power, reset button, watchdog clock, and a serial port that stays."""

import os
import select
import socket
import subprocess
import threading
import time
from pathlib import Path

from tools import paths
from tools.board.console import Console
from tools.board.flashlog import PLAN_SIZE, FlashLog
from tools.board.geometry import Geometry
from tools.board.process import Life
from tools.board.terminal import UsbSerial

_PWRON_RESET = 1  # machine.reset_cause() on rp2
_WDT_RESET = 3
_SOFT_RESET = 5  # on esp32
_RESET_CAUSE = {"power": _PWRON_RESET, "cut": _PWRON_RESET, "button": _PWRON_RESET}
_POLL_S = 0.02  # how soon a client that connects is noticed


class BoardError(Exception):
    """The board did what no board survives, or did not do in time what was waited for."""


class Board:
    """A board over `flash_file`, which is made, erased, where it does not exist.

    `i2c(sock)` is called at each boot with a new connected socket, on which the other side of the bus answers
    (device/i2c.py has the frames); it must return at once. `uart` is a socket or the path of a pty, with
    plain bytes; `uart_haste` is how much faster than its baud rate the wire is. `heapsize` is what
    `-X heapsize=` takes, the fakes included (counters()["heap_at_boot"] tells their share).

    The causes of a boot: power, soft, reset, watchdog, deepsleep, button, cut, crash.
    """

    def __init__(self, flash_file, i2c=None, uart=None, heapsize="512K", geometry=None, uart_haste=1):
        self.flash_file = Path(flash_file)
        self.geometry = geometry or Geometry()
        self.console = Console()
        self.resets = []  # (seconds since the Board was made, cause)
        self.violation = None
        self.heap_at_boot = None
        self.feeds = 0
        self._heapsize = heapsize
        self._i2c = i2c
        self._uart = uart
        self._uart_haste = uart_haste
        self._made = time.monotonic()
        self._log = FlashLog()
        self._usb = UsbSerial()
        self._life = None
        self._thread = None
        self._orders = []
        self._waited = 0
        self._changed = threading.Condition()
        self._reset_deadlines()

    # what a person does

    @property
    def pty(self):
        """The path for `mpremote connect`; it stays the same over all resets."""
        return self._usb.path

    def start(self):
        """Switch the power on."""
        if self._thread is not None:
            raise BoardError("the board is on")
        self._prepare_flash()
        self._orders = []
        self._waited = len(self.resets)
        self._boot("power")
        self._thread = threading.Thread(target=self._attend, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        """Switch the power off, at once. Its flash file may be read now."""
        self._order("off")
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def close(self):
        """Switch it off and give back the pty."""
        self.stop()
        self._usb.close()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def press_reset(self):
        """The reset button: at once, whatever runs."""
        self._order("button")

    def power_cut(self, at_operation=0, how="before", seed=1):
        """Let the power fail and come back: now, or at the at_operation-th flash operation from now."""
        if at_operation:
            self._log.arm(self._log.operations + at_operation, how, seed)
        else:
            self._order("cut")

    def type(self, text):
        """Type on the console."""
        with self._changed:
            if self._life is not None:
                self._life.type(text.encode())

    def mpremote(self, *arguments, timeout_s=30):
        """Run mpremote on the board, and return what it printed; BoardError if it failed."""
        command = [paths.MPREMOTE, "connect", self.pty, *map(str, arguments)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        if done.returncode:
            raise BoardError("mpremote %s: %s%s" % (" ".join(command[3:]), done.stdout, done.stderr))
        return done.stdout

    # what a person waits for

    def wait_reset(self, cause=None, timeout_s=10):
        """Wait for the next boot since start() that no wait has seen, of `cause` if given. Returns it."""

        def next_one():
            while self._waited < len(self.resets):
                self._waited += 1
                if cause in (None, self.resets[self._waited - 1][1]):
                    return self.resets[self._waited - 1][1]
            return None

        return self._wait(next_one, timeout_s, "a reset (%s)" % (cause or "any"))

    def wait_for(self, text, timeout_s=10):
        """Wait until the console shows `text` behind what was waited for before. Returns what is between."""
        return self._wait(lambda: self.console.seek(text), timeout_s, repr(text))

    def counters(self):
        """Boots by cause, feeds of the watchdog, the heap that the fakes take, and what FlashLog counts."""
        causes = [cause for _, cause in self.resets]
        boots = {cause: causes.count(cause) for cause in set(causes)}
        return {"boots": boots, "feeds": self.feeds, "heap_at_boot": self.heap_at_boot, **self._log.counts()}

    def _wait(self, found, timeout_s, what):
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                result = found()
                if result is not None:
                    return result
                if self.violation:
                    raise BoardError("flash violation: " + self.violation)
                left = deadline - time.monotonic()
                if left <= 0 or self._thread is None:
                    raise BoardError(
                        "waited for %s; the console's end:\n%s" % (what, self.console.text[-2000:])
                    )
                self._changed.wait(min(left, 0.5))

    # the life of the board; all below runs in the thread, but for the first boot

    def _prepare_flash(self):
        if not self.flash_file.exists():
            self.flash_file.parent.mkdir(parents=True, exist_ok=True)
            self.flash_file.write_bytes(b"\xff" * self.geometry.size)
            self._nvm_file.unlink(missing_ok=True)
        if self.flash_file.stat().st_size < self.geometry.size:
            raise BoardError("%s has less than %d bytes" % (self.flash_file, self.geometry.size))
        if self.geometry.nvm and not self._nvm_file.exists():
            self._nvm_file.write_bytes(b"\xff" * self.geometry.nvm)

    @property
    def _nvm_file(self):
        return self.flash_file.with_suffix(".nvm")

    def _reset_deadlines(self):
        self._bite_at = None  # the watchdog's
        self._watchdog_s = None
        self._wake_at = None  # the end of a deepsleep
        self._want_raw = False

    def _boot(self, cause):
        """Start a new life of the interpreter."""
        soft = cause == "soft"
        raw = soft and self.console.is_raw
        if not soft:
            self._reset_deadlines()
            self.console.lose_power()
            self._log_cut_is_over(cause)
        self._want_raw = raw
        g = self.geometry
        config = {
            "raw": raw,
            "reset_cause": self._reset_cause(cause),
            "operations": self._log.operations,
            "plan_size": PLAN_SIZE,
            "uart_haste": self._uart_haste,
            "size": g.size,
            "fs_blocks": g.fs_blocks,
            "fs": g.fs,
            "kind": g.kind,
            "erase_block": g.erase_block,
            "program_unit": g.program_unit,
        }
        wires, ours = self._open_wires()
        try:
            life = Life(self._heapsize, config, wires)
        finally:
            for close in ours:
                close()
        with self._changed:
            self.console.new_life()
            self._life = life
            self.resets.append((time.monotonic() - self._made, cause))
            self._changed.notify_all()

    def _reset_cause(self, cause):
        if cause == "soft" and self.geometry.kind.startswith("esp32"):
            return _SOFT_RESET
        return _RESET_CAUSE.get(cause, _WDT_RESET)

    def _log_cut_is_over(self, cause):
        if cause == "cut":
            self._log.disarm()

    def _open_wires(self):
        """The file descriptors for the new life, and what closes our copies of them."""
        flash = os.open(self.flash_file, os.O_RDWR)
        wires = {"flash": flash, "log": self._log.log_fd, "plan": self._log.plan_fd, "i2c": -1, "uart": -1}
        ours = [lambda: os.close(flash)]
        if self.geometry.nvm:
            wires["nvm"] = nvm = os.open(self._nvm_file, os.O_RDWR)
            ours.append(lambda: os.close(nvm))
        if self._i2c is not None:
            board_end, bus_end = socket.socketpair()
            self._i2c(bus_end)
            wires["i2c"] = board_end.fileno()
            ours.append(board_end.close)
        if self._uart is not None:
            if hasattr(self._uart, "fileno"):
                wires["uart"] = self._uart.fileno()
            else:
                wires["uart"] = uart = os.open(self._uart, os.O_RDWR | os.O_NOCTTY)
                ours.append(lambda: os.close(uart))
            os.set_blocking(wires["uart"], False)
        return wires, ours

    def _order(self, order):
        with self._changed:
            self._orders.append(order)

    def _attend(self):
        """Attend to the board until it is switched off."""
        while True:
            self._shovel()
            cause = self._end_of_life()
            if cause is None:
                continue
            self._bury()
            if cause == "off":
                break
            if cause == "soft":
                self._show(b"MPY: soft reboot\r\n")
            if cause in ("sleep", "dead"):
                continue
            self._boot(cause)
        with self._changed:
            self._changed.notify_all()

    def _bury(self):
        with self._changed:
            life, self._life = self._life, None
        if life is not None:
            self._show(self._last_words(life))
            life.kill()

    @staticmethod
    def _last_words(life):
        """What a dying interpreter printed and nobody has read yet."""
        words = b""
        while select.select([life.console], [], [], 0)[0]:
            more = life.read_console()
            if not more:
                break
            words += more
        return words

    def _shovel(self):
        """Move bytes between the interpreter and the serial port, for a moment at most."""
        life = self._life
        sources = [self._usb.master] if self._usb.is_connected() else []
        if life is not None:
            sources += [life.console, life.control]
        ready = select.select(sources, [], [], _POLL_S)[0] if sources else time.sleep(_POLL_S) or []
        typed = self._usb.read()
        if life is None:
            return
        if typed:
            life.type(typed)
        life.mend_interrupt()
        if life.console in ready:
            self._show(life.read_console())
        if self._want_raw and self.console.is_at_prompt:
            self._want_raw = False
            life.type(b"\x01")

    def _show(self, data):
        if data:
            with self._changed:
                self.console.add(time.monotonic() - self._made, data)
                self._changed.notify_all()
            self._usb.write(data)

    def _end_of_life(self):
        """Why the present life ends now, or None: orders first, then what it told, then the clocks."""
        with self._changed:
            order = self._orders.pop(0) if self._orders else None
        if order is not None:
            return order
        now = time.monotonic()
        if self._life is None:
            return "deepsleep" if self._wake_at is not None and now >= self._wake_at else None
        for words in self._life.told():
            cause = self._heed(words, now)
            if cause is not None:
                return cause
        if self._bite_at is not None and now >= self._bite_at:
            return "watchdog"
        return self._life.ended()

    def _heed(self, words, now):
        """Act on one line of the device. Returns why its life ends, or None."""
        word, rest = words[0], words[1] if len(words) > 1 else ""
        if word == "watchdog":
            self._watchdog_s = int(rest) / 1000
        if word == "feed":
            self.feeds += 1
        if word in ("watchdog", "feed"):
            self._bite_at = now + self._watchdog_s
        if word == "ctrl-c":
            self._life.takes_ctrl_c = int(rest) == 3
        if word == "heap":
            self.heap_at_boot = int(rest.split()[0])
        if word == "deepsleep":
            self._reset_deadlines()
            self._wake_at = now + int(rest) / 1000 if int(rest) else None
            return "sleep"
        if word == "violation":
            self.violation = rest
        if word in ("violation", "bootloader"):
            self._reset_deadlines()
            return "dead"
        return word if word in ("reset", "soft", "cut") else None
