"""The app and the updater side by side: trial, confirm, rest, report, recovery."""

import gc
import sys

from notedfu.errors import DfuError, LinkError, LocalError
from notedfu.journal import IDLE, INSTALLED, TRIAL

# What the end of a run means. SPEC.md draws the same rows, and a test compares.
#   how: the app's main returned, raised, asked for a soft reset or exit, was stopped by Ctrl-C, was cut off by a
#   reset of which the next boot learns, or rested by dfu.rest()
ENDS = (
    # how, on trial, what follows
    ("return", True, "stay"),
    ("return", False, "stay"),
    ("exception", True, "revert"),
    ("exception", False, "restart"),
    ("exit", True, "spent"),
    ("exit", False, "clean"),
    ("interrupt", True, "give back"),
    ("interrupt", False, "clean"),
    ("reset", True, "spent"),
    ("reset", False, "unclean"),
    ("rest", True, "give back"),
    ("rest", False, "clean"),
)

_RESTART_MS = 5000  # after a confirmed app's exception, with the updater at work
_POLL_MS = 1000
_AGAIN_MS = 60000  # a download half that could not be loaded is tried again
_CLEAN_LIMIT = 100  # clean runs on trial without a confirmation: it will never come


def meaning(how, trial):
    """What follows when a run ends `how`; `trial` says whether it was on trial."""
    for row in ENDS:
        if row[0] == how and row[1] == trial:
            return row[2]
    raise AssertionError("the table has no row for " + how)


def run(boot, action):
    """Run the app of the active slot, or recovery; ends in a reset, or by KeyboardInterrupt or SystemExit."""
    updates = Updates(boot)
    if action == "recover":
        _recover(updates)
    how = "exception"
    try:
        updates.begin_run()
        _start(boot, updates)
        how = "return"
    except KeyboardInterrupt:
        how = "interrupt"
        raise
    except SystemExit:
        how = "exit"
        raise
    except Exception as error:  # noqa: BLE001 - whatever the app raises is the app's end, not the board's
        boot.port.complain(error)
        updates.last_error = error
    finally:
        if how in ("interrupt", "exit"):
            updates.end_run(how)
    updates.end_run(how)
    if how == "return":
        while True:  # the app has done its work; the updater stays
            updates.poll(_POLL_MS)
            boot.clock.sleep(_POLL_MS)
    updates.poll(_RESTART_MS)
    boot.port.reset()


def _start(boot, updates):
    """Import the app from its slot, and from nowhere else, and run its main."""
    folder = boot.slots.path(boot.journal.active)
    while "" in sys.path:
        sys.path.remove("")  # an old /app.py at the root would shadow the slot for ever
    sys.path.insert(0, folder)
    gc.collect()
    module = __import__(boot.settings.app)
    if not module.__file__.startswith(folder + "/"):
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


def _recover(updates):
    """No app can be trusted: the updater alone, until there is one. After recovery_s one more try of the app."""
    boot = updates.boot
    boot.port.say("recovery: no app can run; waiting for an image")
    began, left_s = boot.clock.ms(), boot.settings.recovery_s
    while left_s > 0 or not boot.journal.active:
        updates.poll(_POLL_MS)
        boot.clock.sleep(_POLL_MS)
        if boot.clock.since(began) >= 10000:
            began, left_s = boot.clock.ms(), max(0, left_s - 10)
    boot.journal.unclean = boot.settings.failing_runs - 1
    boot.journal.running = 0
    boot.journal.save()
    boot.port.reset()


class Updates:
    """What an app is given: `main(dfu)`.

    poll() must be called now and then: it keeps the watchdog fed and the updates coming. An async main need not:
    a task does it.
    """

    def __init__(self, boot):
        self.boot = boot
        self.last_error = None
        self.progress = None
        self._clock = boot.clock
        self._journal = boot.journal
        self._settings = boot.settings
        self._updater = None
        self._notecard = None
        self._failed_at = None
        self._wants_confirm = False
        self._wants_install = boot.settings.install == "now"
        self._deferred_ms = 0
        self._deferred_since = 0
        self._healthy = False
        self._trial = False
        self._began = boot.clock.ms()
        self._run_s = 0
        self._guard = None

    # ---- for the app

    @property
    def version(self):
        """The running app's version, "1.2.3+4", or "" in recovery."""
        manifest = self.boot.slots.load(self._journal.active)
        return "%d.%d.%d+%d" % manifest.version if manifest else ""

    @property
    def busy(self):
        """Whether an update is on its way right now."""
        return self._updater is not None and self._updater.busy

    @property
    def pending(self):
        """Whether a verified image waits for a reset."""
        return self._updater is not None and self._updater.pending

    @property
    def problem(self):
        """What stands in the way of updates: a DfuError, or None."""
        return self._updater.problem if self._updater is not None else self.last_error

    @property
    def status(self):
        """All members of the last dfu.status response."""
        return self._updater.status if self._updater is not None else {}

    def request(self, req, timeout_ms=30000):
        """One transaction with the Notecard, for the app: a dict in, a dict out, `err` included.

        Raises LinkError where the Notecard can't be reached.
        """
        return self._ready().request(req, timeout_ms)

    def poll(self, budget_ms=_POLL_MS):
        """Let the updater work for about budget_ms. Never raises for a fault of an update; see `problem`.

        Does not return if an image is ready and the settings say `install: now`: the board resets.
        """
        self._alive()
        try:
            self._ready()
            self._updater.poll(budget_ms)
        except DfuError as error:
            self.last_error = error
        self._judge()
        if self._wants_install and self.pending:
            self._reset()

    async def task(self):
        """poll() as an asyncio task, for an async app; it never ends by itself."""
        import asyncio

        while True:
            self.poll(100)
            await asyncio.sleep_ms(200)

    def confirm(self):
        """The app is well. Takes effect at once, or when a dfu.status has worked beside it. Returns whether it has."""
        self._wants_confirm = True
        self._judge()
        return self._journal.state != TRIAL

    def rest(self):
        """The run ends cleanly here: call it before sleep or power-off, and do nothing but that afterwards."""
        if self._updater is not None:
            try:
                self._updater.put_off()
            except DfuError as error:
                self.last_error = error
        self.end_run("rest")

    def install(self):
        """Install what is pending now: the board resets. Returns False if nothing is."""
        if self.pending:
            self._reset()
        return False

    def defer(self, seconds):
        """No update work for so long (battery low, machine busy); what is staged stays. 0 ends it."""
        self._deferred_ms = seconds * 1000
        self._deferred_since = self._clock.ms()

    def unblock(self):
        """Forget which images failed here, so that they may be tried again."""
        self._journal.clear_failures()
        self._journal.save()
        self.check_now()

    def check_now(self):
        """Ask the Notecard at the next poll(), whatever `check_s` says."""
        if self._updater is not None:
            self._updater.check_now()

    # ---- for run()

    def begin_run(self):
        """Count the run, immediately before the app starts."""
        journal = self._journal
        if self._settings.watchdog_s:
            self._guard = self.boot.port.guard(self._clock, self._settings.watchdog_s * 1000)
            self._clock.on_tick = self._guard.alive
        self._trial = journal.state == TRIAL
        if journal.running and not self._trial:
            journal.unclean += 1  # the last run was cut off
        if self._trial:
            journal.trial_left -= 1
        elif not self.boot.slots.load(journal.active).confirmed:
            self.boot.slots.confirm(journal.active)  # power failed between the journal and the mark
        journal.running = 1
        self._save()
        self._began = self._clock.ms()

    def end_run(self, how):
        """Do what the table says about a run that ends `how`."""
        journal = self._journal
        trial = journal.state == TRIAL
        what = meaning(how, trial)
        if what == "revert":
            error = self.last_error
            self.boot.revert("app-raised", "%s: %s" % (type(error).__name__, error))
        elif what == "give back":
            journal.trial_left += 1
            journal.running = 0
            if how == "rest":
                self._count_clean()
            self._save()
        elif what in ("clean", "stay"):
            journal.running = journal.unclean = 0
            if trial:
                self._count_clean()
            self._save()

    def _count_clean(self):
        journal = self._journal
        journal.clean_runs = min(journal.clean_runs + 1, 255)
        enough = self._settings.confirm_after_runs
        if enough and journal.clean_runs >= enough:
            self._wants_confirm = True
            self._judge()
        if journal.state == TRIAL and journal.clean_runs >= _CLEAN_LIMIT:
            self.boot.revert("unconfirmed", "%d clean runs, and no confirmation" % _CLEAN_LIMIT)

    # ---- inside

    def _ready(self):
        """The Notecard's driver, made with the updater when first needed.

        LinkError `no-link` where that can't be done: pins, buffers, or a download half that does not load.
        """
        if self._updater is None:
            self._assemble()
        return self._notecard

    def _assemble(self):
        if self._failed_at is not None and self._clock.since(self._failed_at) < _AGAIN_MS:
            raise self.last_error
        try:
            from notedfu.assemble import assemble

            self._updater, self._notecard = assemble(self.boot)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the download half, the app goes on
            self._failed_at = self._clock.ms()
            self.boot.port.complain(error)
            self.last_error = LinkError("no-link", "%s: %s" % (type(error).__name__, error))
            raise self.last_error from None
        self._updater.deferred = self._is_deferred
        self._updater.progress = self._on_progress

    def _on_progress(self, done, total):
        self._alive()
        if self.progress is not None:
            self.progress(done, total)

    def _is_deferred(self):
        return self._deferred_ms > 0 and self._clock.since(self._deferred_since) < self._deferred_ms

    def _alive(self):
        if self._guard is not None:
            self._guard.alive()

    def _judge(self):
        """Confirm, or call the run healthy, where the time has come."""
        journal, settings = self._journal, self._settings
        while self._clock.since(self._began) >= 1000:  # whole seconds are kept: the ticks wrap
            self._began += 1000
            self._run_s += 1
        if journal.state == TRIAL:
            self._judge_trial()
        elif not self._healthy and journal.running and self._run_s >= settings.healthy_s:
            self._healthy = True
            journal.running = journal.unclean = 0
            self._save()

    def _judge_trial(self):
        settings = self._settings
        after_s = settings.confirm_after_s
        wanted = self._wants_confirm or (after_s and self._run_s >= after_s)
        heard = self._updater is not None and self._updater.heard
        if wanted and (heard or not settings.confirm_needs_notecard):
            self._confirm()
        elif self._run_s >= settings.trial_s:
            self.boot.port.say("no confirmation in %d s" % settings.trial_s)
            self.boot.port.reset()

    def _confirm(self):
        journal = self._journal
        manifest = self.boot.slots.load(journal.active)
        journal.state = IDLE
        journal.counter = max(journal.counter, manifest.counter)
        journal.running = journal.unclean = 0
        journal.set_outcome(INSTALLED, "installed %d.%d.%d+%d" % manifest.version)
        journal.save()
        self.boot.slots.confirm(journal.active)
        self._trial = False
        self.check_now()

    def _reset(self):
        self._journal.running = 0
        self._save()
        self.boot.port.reset()

    def _save(self):
        """The app runs even where the journal can't be written any more."""
        try:
            self._journal.save()
        except LocalError as error:
            self.last_error = error
            self.boot.port.complain(error)
