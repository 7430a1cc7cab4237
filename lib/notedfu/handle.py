"""What an app is given: `main(dfu)`. docs/APP.md is its manual."""

import gc

from notedfu.clock import Seconds
from notedfu.const import const
from notedfu.errors import LocalError
from notedfu.half import Half
from notedfu.health import Health
from notedfu.journal import ALONE, CONSENT, PENDING, TRIAL

_POLL_MS = const(1000)
_BUSY_PAUSE_MS = const(10)  # while an update is on its way, which nobody else is in the way of
_TASK_BUDGET_MS = const(100)
_TASK_PAUSE_MS = const(200)


class Consent:
    """When update work may be done, and when the swap: by the settings, and by the app's word."""

    def __init__(self, boot):
        journal, settings = boot.journal, boot.settings
        self.is_given = settings.install == "now"
        self._boot = boot
        self._deferred_s = 0
        self._deferred = Seconds(boot.clock)
        # a swap has failed for a reason of this board: its other tries shall not be over within seconds; nor
        # shall an app be reset after each poll() where boot.py swaps nothing
        failed = journal.state == PENDING and 0 < journal.swap_left < settings.swap_tries and boot.deferred
        self._pause_s = settings.check_s if failed or boot.passed_over else 0
        self._run = Seconds(boot.clock)

    def wants_install(self):
        """Whether poll() is to install what is pending: not while the app puts updates off."""
        return self.is_given and not self.is_deferred() and self._run.passed() >= self._pause_s

    def install(self):
        """Let the next boot swap, or fetch without the app, and reset.

        Where that can't be written down: again in check_s.
        """
        journal = self._boot.journal
        journal.flags |= CONSENT
        journal.running = 0
        if self._boot.save():
            self._boot.port.reset()
        self._pause_s = self._run.passed() + self._boot.settings.check_s

    def defer(self, seconds):
        """No update work for so long, and no swap."""
        self._deferred_s = seconds
        self._deferred = Seconds(self._boot.clock)

    def is_deferred(self):
        return self._deferred.passed() < self._deferred_s


class Updates:
    """The app's side of the updater.

    poll() must be called now and then: it keeps the watchdog fed and the updates coming. An async main need
    not: a task does it. boot: device.Device. own: see half.Half. guard: the port's watchdog, or None. front:
    bootup.Handle, where it is that which the app has.
    """

    def __init__(self, boot, own=None, guard=None, front=None):
        self.progress = None  # progress(done, total), in bytes, after each page
        self.health = Health(boot)
        self._front = front or self
        self._boot = boot
        self._journal = boot.journal
        self._guard = guard
        self._half = Half(boot, own, self._join)
        self._consent = Consent(boot)

    @property
    def version(self):
        """The running app's version, "1.2.3+4", or "" in recovery."""
        manifest = self._boot.slots.load(self._journal.active)
        return "%d.%d.%d+%d" % manifest.version if manifest else ""

    @property
    def on_trial(self):
        """Whether this version has still to be confirmed."""
        return self._journal.state == TRIAL

    @property
    def busy(self):
        """Whether an update is on its way right now: a download runs, or what has come is verified."""
        return self._half.updater is not None and self._half.updater.busy

    @property
    def pending(self):
        """Whether a verified image waits for a reset."""
        return self._journal.state == PENDING

    @property
    def problem(self):
        """What stands in the way of updates: a DfuError, or None."""
        return self._half.problem or self._boot.fault or self._boot.passed_over

    @property
    def status(self):
        """All members of the last dfu.status response."""
        return self._half.updater.status if self._half.updater is not None else {}

    def request(self, req, timeout_ms=None):
        """One transaction with the Notecard, for the app: a dict in, a dict out, `err` included.

        timeout_ms: as Notecard.request. Raises LinkError where the Notecard can't be reached. It is no
        poll(): an app on trial that only calls this is reverted.
        """
        try:
            self._half.ready()
            self._half.updater.yield_bus()
            return self._half.notecard.request(req, timeout_ms)
        finally:
            self._judge()

    def poll(self, budget_ms=_POLL_MS):
        """Let the updater work for about budget_ms. Never raises for a fault of an update; see `problem`.

        Does not return if an image is ready and the settings say `install: now`: the board resets. Nor if the
        app leaves it no room on the heap: then the next boot fetches the image first.
        """
        self._alive()
        self._half.poll(budget_ms)
        self._judge()
        if (self.pending or self._journal.flags & ALONE) and self._consent.wants_install():
            self._consent.install()

    def work(self):
        """poll() for about a second, and wait for another where no update is on its way.

        The loop of who has nothing else to do.
        """
        self.poll(_POLL_MS)
        self._boot.clock.sleep(_BUSY_PAUSE_MS if self.busy else _POLL_MS)

    def install_unasked(self):
        """From now on poll() installs what is pending, whatever the settings say: there is no app to ask."""
        self._consent.is_given = True

    async def task(self):
        """poll() as an asyncio task; it never ends by itself. An async main has it already."""
        import asyncio

        while True:
            try:
                self.poll(_TASK_BUDGET_MS)
            except MemoryError:  # the app's peak of the moment; a task that ended would end all updates
                gc.collect()
            await asyncio.sleep_ms(_TASK_PAUSE_MS)

    def run_async(self, main):
        """Run the coroutine `main`, the app's own, to its end, with task() beside it."""
        import asyncio

        async def both():
            task = asyncio.create_task(self.task())
            try:
                await main
            finally:
                task.cancel()

        asyncio.run(both())

    def confirm(self):
        """The app is well. Returns whether that holds: it does once a dfu.status has worked beside it."""
        self.health.wants_confirm = True
        self._judge()
        return not self.on_trial

    def rest(self):
        """The run ends cleanly here: call it before sleep or power-off, and do nothing else afterwards."""
        self._half.put_off()
        self.health.end("rest")
        self._judge()

    def install(self):
        """Install what is pending now: the board resets.

        Returns False if nothing is, or if the journal can't be written; see `problem`.
        """
        if self.pending:
            self._consent.install()
        return False

    def defer(self, seconds):
        """No update work, and no swap, for so long; what is staged stays. 0 ends it."""
        self._consent.defer(seconds)

    def unblock(self):
        """Forget which images failed here, so that they may be tried again."""
        self._journal.clear_failures()
        self._boot.save()
        self.check_now()

    def check_now(self):
        """Ask the Notecard at the next poll(), whatever `check_s` says."""
        if self._half.updater is not None:
            self._half.updater.check_now()

    def _join(self, updater):
        """A new updater is told what it must know of the app."""
        updater.deferred = self._consent.is_deferred
        updater.progress = self._on_progress

    def _judge(self):
        """The run is judged; after a confirmation the Notecard is told at the next poll()."""
        tried = self.on_trial
        try:
            self.health.judge(self._half.updater is not None and self._half.updater.heard)
        except MemoryError as error:  # the app's peak of the moment: the next poll() judges
            self._half.problem = LocalError("no-memory", "the run can't be judged: %s" % error)
        if tried and not self.on_trial:
            self.check_now()

    def _on_progress(self, done, total):
        self._alive()
        if self._front.progress is None:
            return
        try:
            self._front.progress(done, total)
        except Exception as error:  # noqa: BLE001 - whatever the app shows, the update goes on
            self._front.progress = None
            self._boot.port.complain(error)

    def _alive(self):
        if self._guard is not None:
            self._guard.alive()
