"""The download half of the library, loaded when first needed: the running slot's own copy, or that of /lib.

A slot may bring a folder `notedfu` with newer modules. What boots, swaps and judges is loaded already, from
/lib, and stays; only what is imported from here on comes from the slot. It is given up for /lib's copy, until
the next boot, if it does not load, raises what is no DfuError, or gets nowhere in a day with a ready image.
"""

import sys

import notedfu
from notedfu.clock import Seconds
from notedfu.const import const
from notedfu.errors import DfuError, LinkError
from notedfu.forget import forget

_AGAIN_S = const(60)  # a half that could not be loaded is tried again
_STUCK_S = const(86400)  # an image is ready, and so long nothing of it comes


class Half:
    """Loads and drives the updater. `updater` and `notecard` are None until ready().

    boot: device.Device. own: the slot's folder `notedfu`, or None for /lib's. on_start(updater) is called for
    each updater that is made.
    """

    def __init__(self, boot, own, on_start):
        self.updater = None
        self.notecard = None
        self.problem = None
        self._boot = boot
        self._own = own
        self._on_start = on_start
        self._failed = None
        self._stuck = None

    def ready(self):
        """Load and assemble what is not there yet.

        Raises LinkError `no-link` where that can't be done: pins, buffers, or code that does not load.
        """
        if self.updater is not None:
            return
        if self._failed is not None and self._failed.passed() < _AGAIN_S:
            # a new one: an error that is raised again and again grows by its traceback each time
            raise LinkError(self.problem.code, self.problem.text)
        try:
            self._assemble()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the download half, the app goes on
            self._give_up(error)
            raise self.problem from None
        self._on_start(self.updater)

    def poll(self, budget_ms):
        """updater.poll(); a fault is kept in `problem`, whatever it is."""
        try:
            self.ready()
            self.updater.poll(budget_ms)
            self.problem = self.updater.problem
            self._watch()
        except DfuError as error:
            self.problem = error
        except Exception as error:  # noqa: BLE001 - as above
            waits = self.updater.status.get("mode") == "ready"
            self._give_up(error)
            if waits and isinstance(error, MemoryError):
                self._boot.ask_for_heap()

    def put_off(self):
        """updater.put_off(), where there is an updater; a fault is kept, as in poll()."""
        if self.updater is None:
            return
        try:
            self.updater.put_off()
        except DfuError as error:
            self.problem = error
        except Exception as error:  # noqa: BLE001 - as above
            self._give_up(error)

    def _assemble(self):
        if self._own is None:
            from notedfu.assemble import assemble

            self.updater, self.notecard = assemble(self._boot)
            return
        # what /lib's slots confirm an app with; a half of an older library has no such module
        from notedfu import marks  # noqa: F401

        try:
            _import_from(self._own)
            from notedfu.assemble import assemble

            self.updater, self.notecard = assemble(self._boot)
        except Exception as error:  # noqa: BLE001 - /lib has another
            self._drop_own(error)
            self._assemble()

    def _give_up(self, error):
        """This half does not work: the slot's own for good, /lib's for a minute."""
        self.updater = self.notecard = None  # first: it may be the heap that is full
        self._failed = Seconds(self._boot.clock)
        self.problem = LinkError("no-link", "%s: %s" % (type(error).__name__, error))
        if self._own is not None:
            self._failed = None
            self._drop_own(error)
        else:
            self._boot.port.complain(error)

    def _drop_own(self, error):
        self._boot.port.complain(error)
        self._boot.port.say("the slot's own updater is put aside for the one in /lib")
        self.updater = self.notecard = None
        own, self._own = self._own, None
        for name in [name for name in sys.modules if name.startswith("notedfu.")]:
            if getattr(sys.modules[name], "__file__", "").startswith(own + "/"):
                forget(name[8:])  # from the package, too: `from notedfu import x` looks there first
        _import_from(_LIB)

    def _watch(self):
        """Put a slot's own half aside that has had a ready image for a day and not brought it to a swap."""
        updater = self.updater
        if self._own is None or updater.pending or updater.status.get("mode") != "ready":
            self._stuck = None
        elif self._stuck is None:
            self._stuck = Seconds(self._boot.clock)
        elif self._stuck.passed() >= _STUCK_S:
            self._drop_own(LinkError("stuck", "no image in %d s" % _STUCK_S))


def _folder_of(package):
    """Where the package's modules come from: MicroPython and CircuitPython keep a str, CPython a list."""
    path = package.__path__
    return path if isinstance(path, str) else path[0]


def _import_from(folder):
    """Let `import notedfu.x` look into `folder` for what is not loaded yet."""
    notedfu.__path__ = folder if isinstance(notedfu.__path__, str) else [folder]


_LIB = _folder_of(notedfu)
