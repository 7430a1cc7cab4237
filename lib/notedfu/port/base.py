"""What the ports have in common. docs/PORTING.md lists the obligations."""

import os


class BasePort:
    """Obligations that need nothing of the hardware but clock(), reset() and a watchdog.

    A port adds `_watch(clock)`, which makes its guard, and all the rest.
    """

    root = ""  # the prefix of every path
    passing = ()  # exceptions by which the interpreter starts the app's file anew

    def __init__(self):
        self._guard = None

    def exists(self, path):
        """Whether there is a file or folder at `path`, which begins with a slash."""
        try:
            os.stat(self.root + path)
        except OSError:
            return False
        return True

    def asked_for(self) -> bool:
        """Whether a person has started this run of the app's file anew, by a save or Ctrl-D."""
        return False

    def follows_boot(self) -> bool:
        """Whether boot.py has run right before this run of the app's file."""
        return False

    def guard(self, clock, patience_ms):
        """Start the watchdog: alive() must be called at least every patience_ms; None for no such demand.

        Returns the guard, the same one each time.
        """
        if self._guard is None:
            self._guard = self._watch(clock)
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

    def say(self, text):
        """One line on the console."""
        print("notedfu:", text)
