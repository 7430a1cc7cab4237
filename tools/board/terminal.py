"""Ptys: the one on which the interpreter runs, and the one on which the developer's tools are."""

import os
import pty
import select
import termios
import time
import tty

_DROP_AFTER_S = 0.5


def open_raw():
    """A new pty pair (master, slave) that changes no byte."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    return master, slave


def open_for_program():
    """A pty pair for the interpreter: raw, but ISIG is set, without any character that would raise a signal.

    At its prompt the interpreter clears ISIG; so signals_wanted() tells whether a program runs.
    """
    master, slave = open_raw()
    attributes = termios.tcgetattr(slave)
    attributes[3] |= termios.ISIG
    for character in (termios.VINTR, termios.VQUIT, termios.VSUSP):
        attributes[6][character] = b"\0"
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    return master, slave


def signals_wanted(master):
    """Whether the terminal is as open_for_program() made it, and not the prompt's."""
    return bool(termios.tcgetattr(master)[3] & termios.ISIG)


def forget_input(slave):
    termios.tcflush(slave, termios.TCIFLUSH)


class UsbSerial:
    """The pty that stays over all resets, like a board's USB port: `path` is what mpremote connects to.

    With nobody connected, output is dropped; a client that does not read holds the board up for half a
    second, then loses output, as MicroPython's USB CDC does it.
    """

    def __init__(self):
        self.master, slave = open_raw()
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self.master, False)
        self._poll = select.poll()
        self._poll.register(self.master, select.POLLIN | select.POLLOUT)
        self._stalled = False

    def read(self):
        """What the client has sent, b"" for nothing."""
        try:
            return os.read(self.master, 4096)
        except (BlockingIOError, OSError):
            return b""

    def is_connected(self):
        """Whether a program has the other end open."""
        return not self._state(0) & select.POLLHUP

    def write(self, data):
        """Give `data` to the client, if there is one that reads."""
        deadline = time.monotonic() + _DROP_AFTER_S
        while data:
            state = self._state(0 if self._stalled else 50)
            if state & select.POLLHUP:
                return
            if state & select.POLLOUT:
                self._stalled = False
                data = data[os.write(self.master, data) :]
            elif self._stalled or time.monotonic() > deadline:
                self._stalled = True
                return
            elif state:
                time.sleep(0.002)  # there is input, for which poll() does not wait

    def close(self):
        os.close(self.master)

    def _state(self, timeout_ms):
        return dict(self._poll.poll(timeout_ms)).get(self.master, 0)
