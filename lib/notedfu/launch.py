"""The start of an app: from its slot, and from nowhere else."""

import gc
import sys


def start(app, folder, brings, dfu):
    """Import the module `app` from the slot's `folder` and run its main(dfu), plain or async.

    brings(path): whether the slot is where a module with this path came from.
    """
    while "" in sys.path:
        sys.path.remove("")  # an old /app.py at the root would shadow the slot for ever
    sys.path.insert(0, folder)
    module = __import__(app)
    if not brings(module.__file__):
        from notedfu.errors import LocalError

        raise LocalError("shadowed", "%s was imported from %s" % (app, module.__file__))
    running = module.main(dfu)
    if hasattr(running, "send"):  # main is async
        dfu.run_async(running)


def reserve(size):
    """The buffer for a page, made before an app has the heap in pieces; None where it does not fit."""
    try:
        return bytearray(size)
    except MemoryError:
        return None


def ended(port, function, *args):
    """Call function(*args); return what it raised, or None. Ctrl-C and SystemExit are no complaint.

    What the port lets pass comes out: the same run goes on, or the next one has been asked for.
    """
    try:
        function(*args)
    except port.passing:
        raise
    except (KeyboardInterrupt, SystemExit) as error:
        return error
    except BaseException as error:  # noqa: BLE001 - whatever an app raises is its end, not the board's
        port.complain(error)
        return error
    return None


def forget(folder):
    """Give back what an app from `folder` holds that has ended: its heap may be what was too small for it."""
    for name in [name for name in sys.modules]:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(folder + "/"):
            del sys.modules[name]
    gc.collect()
