"""What a boot does that has more to do than to run the app: decide by table, act, hand over to supervise."""

from notedfu.device import Device
from notedfu.errors import DfuError, ImageError, LocalError, TransferError
from notedfu.journal import ALONE, GOOD, IDLE, LOST, PENDING, RETRIED, TRIAL
from notedfu.slots import KEPT, OTHER, A, B

# The first row that fits decides. None fits everything. SPEC.md draws the same rows, and a test compares.
#   record: LOST where neither copy of the journal is valid on a board that has slots
#   left: swaps (PENDING) or runs (TRIAL) are left · active: the active slot is whole
#   other: the other slot is whole, confirmed, and its counter is not lower than the journal's
#   failing: the app ended uncleanly too often in a row
#   alone: beside the app there was no room on the heap for the image that is offered
#   runs: what really runs: RIGHT, the active slot's firmware or one that goes with all; KEPT, the firmware on
#   trial, and its slot is marked as confirmed; OTHER, the other slot's firmware
TABLE = (
    # record, state, runs, left, active, other, failing, alone, action
    (LOST, None, None, None, None, None, None, None, "rebuild"),
    (None, TRIAL, OTHER, None, None, None, None, None, "revert"),
    (None, TRIAL, KEPT, None, None, None, None, None, "keep"),
    (None, None, OTHER, None, None, None, None, None, "follow"),
    (None, PENDING, None, True, None, None, None, None, "swap"),
    (None, PENDING, None, False, None, None, None, None, "discard"),
    (None, TRIAL, None, True, True, None, None, None, "try"),
    (None, TRIAL, None, None, None, None, None, None, "revert"),
    (None, None, None, None, True, None, False, True, "alone"),
    (None, None, None, None, True, None, False, None, "run"),
    (None, None, None, None, True, True, True, None, "fall-back"),
    (None, None, None, None, True, None, True, None, "recover"),
    (None, None, None, None, False, True, None, None, "fall-back"),
    (None, None, None, None, False, False, None, None, "recover"),
)

_FINAL = ("run", "try", "alone", "recover")
_STEPS = 6  # the longest way through the table is rebuild, fall-back, run; more is a defect


def decide(record, state, runs, left, active, other, failing, alone):
    """The action of the first row that fits. Allocates nothing but the tuple."""
    found = (record, state, runs, left, active, other, failing, alone)
    for row in TABLE:
        for wanted, have in zip(row, found):
            if wanted is not None and wanted != have:
                break
        else:
            return row[-1]
    raise AssertionError("the table has no row for this")


class Boot(Device):
    """One boot, which decides and acts. `swapped`: what it has done wants a reset now."""

    swapped = False

    def act(self):
        """Do what the table says until the board knows what to run. Returns one of _FINAL."""
        self.load()
        for _ in range(_STEPS):
            action = self._decide()
            if action in _FINAL or self.swapped:
                return action
            if action == "rebuild":
                self._rebuild()
            elif action == "swap":
                self._swap()
            elif action == "discard":
                self.refuse("swap-failed", "%d swaps were cut short" % self.settings.swap_tries)
            elif action == "revert":
                self._give_up()
            elif action == "follow":
                self.slots.follow(self.journal, self.settings)
                self.save()
                self.port.say("another firmware runs; slot %s goes with it" % "-AB"[self.journal.active])
            elif action == "keep":
                self._keep()
            else:
                self._fall_back()
        raise AssertionError("the boot decides in circles")

    def look(self):
        """As act(), where boot.py has decided and counted: what to run. Swaps nothing."""
        self.load()
        self._see_what_is_left()
        self.deferred = True
        self._take_up()
        action = self._decide()
        if action == "revert":
            self._give_up()
            action = self._decide()
        return action if action in _FINAL else "recover"

    def _see_what_is_left(self):
        """Our boot.py installs what is pending, or counts that it tried: one that did neither is not ours."""
        journal, untouched = self.journal, self.settings.swap_tries
        if journal.state != PENDING or self.deferred or journal.swap_left < untouched:
            return
        if self.port.follows_boot():
            text = "boot.py has left the image that waits alone: put notedfu's own there, see boot_out.txt"
            self.passed_over = LocalError("boot-py", text)
            self.port.say(str(self.passed_over))

    def _take_up(self):
        """Whether this run has been counted: by a boot.py that did its work, and only for one run of code.py.

        A trial would last for ever with an app that reloads itself, or without our boot.py.
        """
        journal = self.journal
        self.counted = journal.state != TRIAL or self.port.asked_for() or journal.running == 1
        self.mark = 2
        if journal.state == TRIAL and journal.running == 1:
            journal.running = 2
            # where that can't be held, the mark would count every later run too
            self.counted = self.save() or self.port.asked_for()

    def _decide(self):
        journal = self.journal
        record = GOOD if journal.condition == GOOD else LOST
        running = 0 if self.counted else journal.running  # counting has put it into `unclean`
        failing = journal.unclean + running >= self.settings.failing_runs
        state = IDLE if self.deferred and journal.state == PENDING else journal.state
        left = journal.swap_left if state == PENDING else journal.trial_left + self.counted
        active = self.slots.whole(journal.active, self.clock)
        usable = (active is None or self.settings.fall_back) and self.slots.at_hand(self.elsewhere())
        runs = self.slots.runs(journal)
        alone = journal.flags & ALONE != 0 and self.settings.install != "ask"
        return decide(record, state, runs, left > 0, active is not None, usable, failing, alone)

    def _rebuild(self):
        """Both copies of the journal are gone: the confirmed slot with the highest counter, then version."""
        best, chosen = None, 0
        for slot in (A, B):
            manifest = self.slots.whole(slot, self.clock)
            if manifest and manifest.confirmed and (best is None or manifest.rank > best):
                best, chosen = manifest.rank, slot
        self.journal.active = chosen
        if chosen:
            self.journal.counter = best[0]
        self.save()
        self.port.say("the journal was lost; slot %s runs" % "-AB"[chosen])

    def _swap(self):
        journal = self.journal
        journal.swap_left -= 1
        if self.slots.whole(journal.active, self.clock) is None and self.slots.at_hand(self.elsewhere()):
            journal.active = self.elsewhere()  # or the swap would empty the slot that can run
        try:
            if not self.save():  # counted before the swap's first flash operation
                self.deferred = True
                return
            if self.settings.target == "ota":
                from notedfu import otaswap as swap
            else:
                from notedfu import swap
            swap.install(self)
        except ImageError as error:
            self.refuse(error.code, error.text)
            return
        except TransferError as error:
            self._redo(error)
            return
        except KeyboardInterrupt:
            journal.load()  # what is on flash: the swap may be through
            if journal.state == PENDING:
                journal.swap_left = min(journal.swap_left + 1, self.settings.swap_tries)
                self.save()
            raise
        except (DfuError, ImportError, OSError, MemoryError) as error:
            # a fault of this board, not of the image: what is installed runs, the next boot tries again
            self.port.complain(error)
            journal.load()  # what is on flash: the swap's own record may be what could not be written
            journal.adopt(self.port.kept())
            self.deferred = True
            return
        self.swapped = True

    def _give_up(self):
        """The trial has failed. A firmware that still runs goes with the reset to come."""
        failed = self.journal.active
        self.swapped = self.slots.holds_running(failed)
        if self.slots.runs(self.journal) == OTHER:
            self.revert("rolled-back", "it was not confirmed in its run, or did not start")
        else:
            self.revert("trial-failed", "no run of the trial was confirmed")

    def _keep(self):
        """Complete a confirmation that was cut off; without a record of it the app runs all the same."""
        from notedfu.health import Health

        Health(self).confirm()
        self.journal.state = IDLE

    def _redo(self, error):
        """Staging was damaged after it had been verified: one whole new download, then a verdict."""
        journal = self.journal
        if journal.flags & RETRIED:
            self.refuse(error.code, error.text)
            return
        self.port.complain(error)
        journal.flags |= RETRIED
        journal.state = IDLE
        self.save()

    def _fall_back(self):
        journal = self.journal
        failed = journal.active
        journal.active = self.elsewhere()
        journal.running = journal.unclean = 0
        self.save()
        self.port.say("slot %s is not whole or keeps failing; the other one runs" % "-AB"[failed])


def guard(port):
    """boot.py's work where the settings need more than bootup's look at them: keep the watchdog fed."""
    one = Boot(port)
    if one.settings.watchdog_s and not one.off():
        port.guard(None)


def run(port, drawn):
    """The whole of a boot; `drawn`: the lot has fallen on this run, which is to be marked."""
    one = Boot(port)
    if one.off():
        port.say("the updater is switched off")
        return
    one.drawn = drawn
    action = one.look() if port.acts_in_boot else one.act()
    if one.swapped:
        port.reset()  # the app gets a heap that no swap has used
    from notedfu import supervise

    supervise.run(one, action)
