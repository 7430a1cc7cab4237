"""What every boot loads: it looks whether there is anything to do, and where not starts the app.

What it may do is less than decide.py may, and only where that would do the same: it writes nothing, mends
nothing and judges nothing. Whatever it finds in its way is left to decide.py.

MicroPython acts from main.py alone, so that a soft reset into the raw REPL, which runs boot.py and skips
main.py, decides nothing and swaps nothing. CircuitPython acts from boot.py, where it may always write.
"""

from notedfu import glance


class Handle:
    """What an app is given in a quiet boot: handle.Updates, made when it is first asked for something.

    port's. page: see glance.reserve(). An app sets `progress`, as in Updates.
    """

    progress = updates = None

    def __init__(self, port, page):
        self.page = page
        self._port = port
        self._began = port.ms()

    def __getattr__(self, name):
        return getattr(self.load(), name)

    def load(self):
        """The Updates."""
        if self.updates is None:
            from notedfu import supervise

            self.updates = supervise.resumed(self._port, self._began, self)
        return self.updates


def boot():
    """boot.py's whole work where main.py acts:

    keep the watchdog fed. (Where boot.py acts it is inboot.boot().)

    It may be running since before a soft reset, which mpremote makes in each session.
    """
    from notedfu.port.micropython import port

    quick = glance.quick(port.root + "/notedfu.json")
    if quick is None:
        from notedfu import decide

        decide.guard(port)
    elif quick[1] and not port.exists("/notedfu.off"):
        port.guard(None)


def main():
    """main.py's whole work: it ends in a running app, in recovery, in a reset, or in the REPL by Ctrl-C."""
    from notedfu.port.micropython import port

    run(port)


def run(port):
    """As main(), with the port given: code.py's whole work."""
    try:
        try:
            found = glance.look(port)
            if found and port.random16() % 8:  # one run of a confirmed app in so many is marked in flash
                _go(port, *found)
                return
            from notedfu import decide

            decide.run(port, found is not None)
        except Exception as error:  # noqa: BLE001 - a defect here must not leave a dead board
            port.complain(error)
            port.reset_after(60000)
    except KeyboardInterrupt:
        port.release()
        port.say("stopped by Ctrl-C; machine.reset() goes on")


def _go(port, app, folder, watchdog_s, page):
    """Run the app, and what follows its end."""
    if watchdog_s:
        port.guard(watchdog_s * 1000)
    dfu = Handle(port, glance.reserve(page))

    def brings(path):
        return path.startswith(folder + "/")

    error = glance.ended(port, glance.start, app, folder, brings, dfu)
    if dfu.updates is None and error is not None:
        if isinstance(error, KeyboardInterrupt):
            raise error  # nothing was marked, so there is nothing to give back
        glance.forget(folder)
    updates = dfu.load()
    from notedfu import supervise

    supervise.go_on(updates, port, error)
