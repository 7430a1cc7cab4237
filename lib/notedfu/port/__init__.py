"""The interpreter's hardware, behind one short list of obligations: docs/PORTING.md."""

import os


class BasePort:
    """Obligations that need nothing of the hardware but reset() and a watchdog.

    A port adds `_watch()`, which makes its guard, `_noise()`, its finest clock, `_show(error)`, which prints
    a traceback, and all the rest.
    """

    root = os.getcwd().rstrip("/")  # where boot.py lies: stm32 boots from /flash, or /sd if a card is in
    passing = ()  # exceptions by which the interpreter starts the app's file anew
    _guard = None

    def exists(self, path):
        """Whether there is a file or folder at `path`, which begins with a slash."""
        try:
            os.stat(self.root + path)
        except OSError:
            return False
        return True

    def sizes(self, folder):
        """{name: bytes} of the files in `folder`, a whole path. OSError."""
        found = {}
        for entry in os.ilistdir(folder):
            if entry[1] == 0x8000:  # S_IFREG
                found[entry[0]] = entry[3]
        return found

    def random16(self):
        """A number from 0 to 65535, another one at each boot."""
        try:
            first, second = os.urandom(2)
        except (AttributeError, NotImplementedError):  # MicroPython, CircuitPython: no source of them
            return self._noise() & 0xFFFF
        return first << 8 | second

    def guard(self, patience_ms):
        """Start the watchdog: alive() must be called at least every patience_ms; None for no such demand.

        Returns the guard, the same one each time.
        """
        if self._guard is None:
            self._guard = self._watch()
        self._guard.demand(patience_ms)
        return self._guard

    def release(self):
        """A person has taken over: the watchdog is stopped, or fed from now on where it can't be."""
        if self._guard is not None:
            self._guard.demand(None)

    def reset_after(self, delay_ms):
        """A hard reset after delay_ms, in which Ctrl-C still reaches a person's REPL."""
        self.say("reset in %d s" % (delay_ms // 1000))
        clock = self.clock()
        if self._guard is not None:
            clock.on_tick = self._guard.alive
        clock.sleep(delay_ms)
        self.reset()

    def complain(self, error):
        """An error, with its traceback, on the console. Never raises, as an app's exception itself may."""
        try:
            self._show(error)
        except Exception as another:  # noqa: BLE001 - an app's code
            self.say("%s, whose text raises %s" % (type(error).__name__, type(another).__name__))

    def say(self, text):
        """One line on the console."""
        print("notedfu:", text)
