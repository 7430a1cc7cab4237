"""The app and the updater side by side, from the start of a run to the reset after it; and recovery."""

import gc

from notedfu.clock import Seconds
from notedfu.const import const
from notedfu.device import Device
from notedfu.glance import ended, reserve, start
from notedfu.handle import Updates
from notedfu.journal import ALONE, ALONE_ONCE

_RESTART_MS = const(5000)  # after an app's exception, with the updater at work
_IDLE_S = const(120)  # without an update on its way: the app's turn again


def run(boot, action):
    """Run the app of the active slot, or recovery; ends in a reset, or by KeyboardInterrupt or SystemExit.

    boot: decide.Boot. action: "run", "try", "alone" or "recover".
    """
    guard = _guard(boot)
    boot.page = reserve(boot.settings.page)
    if action == "recover":
        _recover(boot, guard)
    elif action == "alone":
        _fetch_alone(boot, guard)
    updates = Updates(boot, _own_half(boot), guard)
    go_on(updates, boot.port, ended(boot.port, _begin, boot, updates))


def resumed(port, began, front):
    """The Updates of an app that a boot with nothing to do has started; began: the port's ms() then.

    front: bootup.Handle, of which the app sets `progress`, and which has made `page`.
    """
    gc.collect()
    boot = Device(port)
    boot.page = front.page
    boot.load()
    updates = Updates(boot, _own_half(boot), _guard(boot), front)
    updates.health.resume(Seconds(boot.clock, began))
    front.page = None  # last: where the heap is full the app may try again
    return updates


def go_on(updates, port, error):
    """What follows the app's end; error: what it raised, or None where it returned."""
    if error is None:
        error = ended(port, _stay, updates)
    if isinstance(error, KeyboardInterrupt):
        updates.health.end("interrupt")
        raise error
    if isinstance(error, SystemExit):
        updates.health.end("exit")
        raise error
    updates.health.end("exception", error)
    updates.poll(_RESTART_MS)
    port.reset()


def _begin(boot, updates):
    slots = boot.slots
    slots.ready(boot.journal.active, boot.clock)  # a cut in it is no run
    updates.health.begin()
    active = boot.journal.active
    slots.ready(active, boot.clock)  # it may be another one now
    gc.collect()

    def brings(path):
        return slots.brings(active, path)

    start(boot.settings.app, slots.path(active), brings, updates)


def _stay(updates):
    """The app has done its work; the updater stays."""
    updates.health.end("return")
    while True:
        updates.work()


def _guard(boot):
    """The watchdog, which the clock feeds in each wait; None without."""
    if not boot.settings.watchdog_s:
        return None
    guard = boot.port.guard(boot.settings.watchdog_s * 1000)
    boot.clock.on_tick = guard.alive
    return guard


def _own_half(boot):
    """The folder of the active slot's own download half, or None."""
    folder = boot.slots.path(boot.journal.active) + "/notedfu"
    return folder if boot.port.exists(folder[len(boot.port.root) :]) else None


def _fetch_alone(boot, guard):
    """The app leaves the updater no room: it has the heap until it has nothing to do any more.

    Ends in a reset; returns, for the app to run, where the journal can't be written: it would never end.
    """
    journal = boot.journal
    journal.flags = (journal.flags & ~ALONE) + ALONE_ONCE  # first: a cut in it is one of its three boots
    if not boot.save():
        return
    boot.port.say("no room on the heap beside the app: fetching the image without it")
    updates = Updates(boot, _own_half(boot), guard)
    updates.install_unasked()
    lasted, idle = Seconds(boot.clock), Seconds(boot.clock)
    while idle.passed() < _IDLE_S and lasted.passed() < boot.settings.recovery_s:
        updates.work()
        if updates.busy:
            idle = Seconds(boot.clock)
    boot.port.reset()


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
