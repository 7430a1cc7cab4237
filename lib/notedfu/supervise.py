"""The app and the updater side by side, from the start of a run to the reset after it; and recovery."""

import gc
import sys

from notedfu.clock import Seconds
from notedfu.errors import LocalError
from notedfu.handle import Updates

_RESTART_MS = 5000  # after an app's exception, with the updater at work
_POLL_MS = 1000


def run(boot, action):
    """Run the app of the active slot, or recovery; ends in a reset, or by KeyboardInterrupt or SystemExit.

    boot: bootup.Boot. action: "run", "try" or "recover".
    """
    guard = None
    if boot.settings.watchdog_s:
        guard = boot.port.guard(boot.clock, boot.settings.watchdog_s * 1000)
        boot.clock.on_tick = guard.alive
    if action == "recover":
        _recover(boot, guard)
    updates = Updates(boot, _own_half(boot), guard)
    health = updates.health
    try:
        health.begin()
        _start(boot, updates)
        health.end("return")
        _stay(updates)
    except boot.port.passing:
        raise  # the same run goes on, or the next one has been asked for
    except KeyboardInterrupt:
        health.end("interrupt")
        raise
    except SystemExit:
        health.end("exit")
        raise
    except BaseException as error:  # noqa: BLE001 - whatever the app raises is the app's end, not the board's
        boot.port.complain(error)
        health.end("exception", error)
    updates.poll(_RESTART_MS)
    boot.port.reset()


def _own_half(boot):
    """The folder of the active slot's own download half, or None."""
    folder = boot.slots.path(boot.journal.active) + "/notedfu"
    return folder if boot.port.exists(folder[len(boot.port.root) :]) else None


def _start(boot, updates):
    """Import the app from its slot, and from nowhere else, and run its main."""
    folder = boot.slots.path(boot.journal.active)
    while "" in sys.path:
        sys.path.remove("")  # an old /app.py at the root would shadow the slot for ever
    sys.path.insert(0, folder)
    gc.collect()
    module = __import__(boot.settings.app)
    if not boot.slots.brings(boot.journal.active, module.__file__):
        raise LocalError("shadowed", "%s was imported from %s" % (boot.settings.app, module.__file__))
    running = module.main(updates)
    if hasattr(running, "send"):  # main is async
        import asyncio

        asyncio.run(_both(running, updates, asyncio))


async def _both(running, updates, asyncio):
    task = asyncio.create_task(updates.task())
    try:
        await running
    finally:
        task.cancel()


def _stay(updates):
    """The app has done its work; the updater stays."""
    while True:
        updates.work()


def _recover(boot, guard):
    """No app can be trusted: /lib's updater alone, until there is one; after recovery_s one more try."""
    journal, settings = boot.journal, boot.settings
    boot.port.say("recovery: no app can run; waiting for an image")
    updates = Updates(boot, None, guard)
    updates.install_unasked()
    lasted = Seconds(boot.clock)
    # a journal that could not be written may be written after a reset
    while not (journal.active or boot.fault) or lasted.passed() < settings.recovery_s:
        updates.work()
    journal.unclean = settings.failing_runs - 1
    journal.running = 0
    boot.save()
    boot.port.reset()
