"""The simulated Notecard in threads of a program: on a pty, or for a board over a stream. CPython only."""

import os
import select
import socket
import threading
import time
import tty

from tools.notecard import remote
from tools.notecard.i2c import I2CFrontEnd
from tools.notecard.serial import SerialFrontEnd

_POLL_S = 0.002  # how late a paced byte may be
_IDLE_S = 0.05  # how late close() may be noticed
_PIECE = 4096


def wall_clock():
    """A now() for an engine: milliseconds since this call."""
    start = time.monotonic()
    return lambda: int((time.monotonic() - start) * 1000)


class Server:
    """One engine, and the threads that serve it. Use `lock` around every look at the engine from outside.

    A thread's failure is kept and raised by close().
    """

    def __init__(self, engine):
        self.engine = engine
        self.i2c = I2CFrontEnd(engine)
        self.lock = threading.RLock()
        self._stop = threading.Event()
        self._threads = []
        self._streams = []
        self._files = []
        self._failure = None

    def open_pty(self, baud=None):
        """Serve UART on a new pty; returns its path. The pty is raw, and stays when a program closes it."""
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._files += [master, slave]
        self._run(self._pump, SerialFrontEnd(self.engine, baud), master)
        return os.ttyname(slave)

    def serve_i2c(self, stream):
        """Serve bus transactions (remote.py) on a connected socket until its other end closes; returns at
        once. A board that is reset connects anew, to the same Notecard with the same bytes waiting."""
        self._streams = [known for known in self._streams if known.fileno() >= 0] + [stream]
        self._run(self._serve, stream)

    def close(self):
        """Stop the threads and close what they served; raise what a thread failed of."""
        self._stop.set()
        for stream in self._streams:
            _shut(stream)
        for thread in self._threads:
            thread.join(5)
        for file in self._files:
            os.close(file)
        self._threads, self._streams, self._files = [], [], []
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _run(self, function, *args):
        thread = threading.Thread(target=self._guarded, args=(function, args), daemon=True)
        self._threads = [known for known in self._threads if known.is_alive()] + [thread]
        thread.start()

    def _guarded(self, function, args):
        try:
            function(*args)
        except BaseException as error:  # noqa: BLE001 - close() raises it in the owner's thread
            if not self._stop.is_set():
                self._failure = error

    def _serve(self, stream):
        with stream:
            try:
                remote.serve(self.i2c, stream.recv, stream.sendall, self.lock)
            except (BrokenPipeError, ConnectionResetError):
                return  # the board was killed between a transaction and its answer

    def _pump(self, front, master):
        """Carry bytes between the pty and the front end."""
        waiting = b""
        while not self._stop.is_set():
            busy = waiting or front.outbox.ready_ms() is not None
            if select.select([master], [], [], _POLL_S if busy else _IDLE_S)[0]:
                data = os.read(master, _PIECE)
                with self.lock:
                    front.write(data)
            if not waiting:
                with self.lock:
                    waiting = front.read(_PIECE)
            if waiting:
                waiting = waiting[_written(master, waiting) :]


def _written(file, data):
    try:
        return os.write(file, data)
    except BlockingIOError:
        return 0


def _shut(stream):
    try:
        stream.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the other end has gone already
