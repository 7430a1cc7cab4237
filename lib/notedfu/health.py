"""The health of one run of the app: counted before it starts, judged while it goes on, settled at its end."""

from notedfu.clock import Seconds
from notedfu.const import const
from notedfu.errors import LocalError
from notedfu.journal import IDLE, INSTALLED, NONE, TRIAL

# What the end of a run means. SPEC.md draws the same rows, and a test compares.
#   how: the app's main returned, raised, asked for a soft reset (SystemExit), was stopped by Ctrl-C, was cut
#   off by a reset of which the next boot learns, or rested by dfu.rest()
ENDS = (
    # how, on trial, what follows
    ("return", True, "stay"),
    ("return", False, "clean"),
    ("exception", True, "revert"),
    ("exception", False, "unclean"),
    ("exit", True, "spent"),
    ("exit", False, "unclean"),
    ("interrupt", True, "give back"),
    ("interrupt", False, "clean"),
    ("reset", True, "spent"),
    ("reset", False, "unclean"),
    ("rest", True, "give back"),
    ("rest", False, "clean"),
)

_CLEAN_LIMIT = const(100)  # clean runs on trial without a confirmation: it will never come
_WATCHED = const(8)  # one run in so many is marked in flash, until one ends uncleanly
_AGAIN_S = const(60)
_MOST = const(255)  # a byte of the record


def meaning(how, trial):
    """What follows when a run ends `how`; `trial` says whether it was on trial."""
    for row in ENDS:
        if row[0] == how and row[1] == trial:
            return row[2]
    raise AssertionError("the table has no row for " + how)


def _words(error):
    """An app's exception in one line; its own text may be what fails."""
    name = type(error).__name__
    try:
        return "%s: %s" % (name, error)
    except Exception as another:  # noqa: BLE001 - an app's code
        return "%s, whose text raises %s" % (name, type(another).__name__)


class Health:
    """One run. begin(), then judge() now and then, and end() for each way it comes to an end.

    boot: device.Device, whose save() lets an app run even where the journal can't be written any more.
    """

    def __init__(self, boot):
        self.wants_confirm = False
        self._boot = boot
        self._journal = boot.journal
        self._settings = boot.settings
        self._seconds = Seconds(boot.clock)
        self._begun = False
        self._healthy = False
        self._again_s = 0  # of the run: not before is a confirmation tried that could not be written
        self._rested = False

    def begin(self):
        """Count the run, immediately before the app starts.

        On trial each run is. A confirmed app is watched by a mark that its clean end removes: in one run of
        eight, because a sleeping device makes 30000 a year; in each one while the last ended uncleanly.
        """
        journal = self._journal
        self._begun = True
        if self._boot.counted:
            return
        if journal.state == TRIAL:
            journal.trial_left -= 1
        else:
            self._mark_confirmed()
            if journal.running:
                journal.unclean = min(journal.unclean + 1, _MOST)
            elif not (journal.unclean or self._boot.drawn) and self._boot.port.random16() % _WATCHED:
                return
        journal.running = self._boot.mark
        boot = self._boot
        if not boot.save() and journal.state == TRIAL and boot.slots.at_hand(boot.elsewhere()):
            # attempts that can't be counted would never end
            boot.revert("journal-fault", "the attempts of its trial can't be counted")

    def resume(self, seconds):
        """The run has begun, unmarked, in a boot with nothing to do; seconds: clock.Seconds since then."""
        self._begun = True
        self._seconds = seconds

    def judge(self, heard):
        """Confirm, or call the run healthy, where the time has come.

        heard: whether a dfu.status has worked in this run. Resets the board where a trial has taken too long.
        """
        if not self._begun:
            return  # recovery is no run
        if self._journal.state == TRIAL:
            self._judge_trial(heard)
        elif not self._healthy and self._seconds.passed() >= self._settings.healthy_s:
            self._healthy = True
            self._clean()

    def end(self, how, error=None):
        """Do what the table says. After a rest, nothing but an exception has a meaning any more."""
        if self._rested and how != "exception":
            return
        self._rested = how == "rest"
        what = meaning(how, self._journal.state == TRIAL)
        if what == "revert":
            self._boot.revert("app-raised", _words(error))
        elif what == "stay":
            self._count_clean()
        elif what == "give back":
            self._give_back(how)
        elif what == "unclean":
            if not self._healthy:
                self._unclean()
        elif what == "clean":
            self._clean()

    def _judge_trial(self, heard):
        settings = self._settings
        run_s = self._seconds.passed()
        if settings.confirm_after_s and run_s >= settings.confirm_after_s:
            self.wants_confirm = True
        if self._journal.clean_runs >= settings.confirm_after_runs > 0:
            self.wants_confirm = True
        allowed = heard or not settings.confirm_needs_notecard
        if self.wants_confirm and allowed and run_s >= self._again_s:
            self.confirm()
            self._again_s = run_s + _AGAIN_S
        # a confirmation that can't be made, as a file of the app's is gone, must not make the trial endless
        if self._journal.state == TRIAL and run_s >= settings.trial_s:
            self._boot.port.say("no confirmation in %d s" % settings.trial_s)
            self._boot.port.reset()

    def confirm(self):
        """Commit point 3. Where the record can't be written it is still a trial."""
        journal = self._journal
        manifest = self._boot.slots.load(journal.active)
        if manifest is None:
            return
        try:
            self._boot.slots.vouch(journal.active)
        except LocalError as error:
            self._boot.port.complain(error)
            return
        before = journal.counter
        journal.set_outcome(INSTALLED, "installed %d.%d.%d+%d" % manifest.version)
        journal.state = IDLE
        journal.counter = max(before, manifest.counter)
        journal.running = journal.unclean = 0
        if not self._boot.save():
            journal.state, journal.outcome, journal.counter = TRIAL, NONE, before
            return
        self._mark_confirmed()

    def _mark_confirmed(self):
        """Set the slot's own mark; it may be missing if power failed between the journal and the mark."""
        slots, active = self._boot.slots, self._journal.active
        manifest = slots.load(active)
        if manifest is not None and not manifest.confirmed:
            try:
                slots.confirm(active)
            except LocalError as error:
                self._boot.port.complain(error)

    def _give_back(self, how):
        journal = self._journal
        journal.trial_left = min(journal.trial_left + 1, self._settings.trial_runs)
        journal.running = 0
        if how == "rest":
            self._count_clean()
        else:
            self._boot.save()

    def _unclean(self):
        journal = self._journal
        journal.unclean = min(journal.unclean + 1, _MOST)
        journal.running = 0
        self._boot.save()

    def _clean(self):
        journal = self._journal
        if journal.running or journal.unclean:
            journal.running = journal.unclean = 0
            self._boot.save()

    def _count_clean(self):
        journal = self._journal
        journal.clean_runs = min(journal.clean_runs + 1, _MOST)
        if journal.clean_runs >= _CLEAN_LIMIT:
            self._boot.revert("unconfirmed", "%d clean runs, and no confirmation" % _CLEAN_LIMIT)
        else:
            self._boot.save()
