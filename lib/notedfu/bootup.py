"""What a boot does: decide by table, act, hand over to supervise. Every boot loads this: keep it light.

MicroPython acts from main.py alone, so that a soft reset into the raw REPL, which runs boot.py and skips
main.py, decides nothing and swaps nothing. CircuitPython acts from boot.py, where it may always write.
"""

import os

from notedfu.errors import DfuError, ImageError, LocalError, TransferError
from notedfu.journal import (
    CONSENT,
    FRESH,
    GOOD,
    IDLE,
    LOST,
    PENDING,
    REFUSED,
    RETRIED,
    TRIAL,
    UNBLOCKED,
    Journal,
)
from notedfu.settings import Settings
from notedfu.slots import A, B, Slots

# The first row that fits decides. None fits everything. SPEC.md draws the same rows, and a test compares.
#   record: LOST where neither copy of the journal is valid on a board that has slots
#   left: swaps (PENDING) or runs (TRIAL) are left · active: the active slot is whole
#   other: the other slot is whole, confirmed, and its counter is not lower than the journal's
#   failing: the app ended uncleanly too often in a row
TABLE = (
    # record, state, left, active, other, failing, action
    (LOST, None, None, None, None, None, "rebuild"),
    (None, PENDING, True, None, None, None, "swap"),
    (None, PENDING, False, None, None, None, "discard"),
    (None, TRIAL, True, True, None, None, "try"),
    (None, TRIAL, None, None, None, None, "revert"),
    (None, None, None, True, None, False, "run"),
    (None, None, None, True, True, True, "fall-back"),
    (None, None, None, True, None, True, "recover"),
    (None, None, None, False, True, None, "fall-back"),
    (None, None, None, False, False, None, "recover"),
)

_FINAL = ("run", "try", "recover")
_STEPS = 6  # the longest way through the table is rebuild, fall-back, run; more is a defect


def decide(record, state, left, active, other, failing):
    """The action of the first row that fits. Allocates nothing but the tuple."""
    found = (record, state, left, active, other, failing)
    for row in TABLE:
        for wanted, have in zip(row, found):
            if wanted is not None and wanted != have:
                break
        else:
            return row[-1]
    raise AssertionError("the table has no row for this")


class Boot:
    """One boot: the port, settings, journal and slots, and what is done about them.

    `slot` is the active slot afterwards. `notes` are sentences for the console.
    """

    def __init__(self, port):
        self.port = port
        self.clock = port.clock()
        self.settings = Settings().load(port.root + "/notedfu.json")
        self.data = port.root + "/notedfu.d"
        self.journal = Journal(self.data + "/journal")
        self.slots = Slots(self.data)
        self.swapped = False
        self.fault = None  # the LocalError with which the journal could not be written, or None
        self.counted = False  # whether boot.py has counted this run already
        self._deferred = False

    def off(self):
        """Whether a person has switched the updater off: by setting, by file or by pin."""
        return (
            self.settings.off
            or self.port.exists("/notedfu.off")
            or self.port.pin_is_low(self.settings.off_pin)
        )

    def act(self):
        """Do what the table says until the board knows what to run. Returns "run", "try" or "recover"."""
        self._load()
        for _ in range(_STEPS):
            action = self._decide()
            if action in _FINAL:
                return action
            if action == "rebuild":
                self._rebuild()
            elif action == "swap":
                self._swap()
            elif action == "discard":
                self.refuse("swap-failed", "%d swaps were cut short" % self.settings.swap_tries)
            elif action == "revert":
                self.revert("trial-failed", "no run of the trial was confirmed")
            else:
                self._fall_back()
        raise AssertionError("the boot decides in circles")

    def look(self):
        """As act(), where boot.py has decided and counted: what to run. Changes nothing."""
        self.counted = True
        self._load()
        self._deferred = True
        action = self._decide()
        return action if action in _FINAL else "recover"

    def _load(self):
        journal = self.journal
        journal.load()
        try:
            journal.repair()
        except LocalError as error:
            self.port.complain(error)  # what is installed runs all the same
        if journal.condition == FRESH and not self.slots.any():
            self._set_up()
        if journal.adopt(self.port.kept()):
            self.save()
        if journal.condition == GOOD and self.settings.unblock != bool(journal.flags & UNBLOCKED):
            self._unblock()
        self._deferred = self.settings.install == "ask" and not journal.flags & CONSENT

    def _unblock(self):
        """The setting `unblock` was set, which clears the list once, or taken back."""
        self.journal.flags ^= UNBLOCKED
        if self.settings.unblock:
            self.journal.clear_failures()
        self.save()

    def save(self):
        """Write the journal; returns whether that worked. Without it the app runs all the same.

        A Ctrl-C that falls into it comes out when it is through.
        """
        try:
            self.journal.save()
        except KeyboardInterrupt:
            self.journal.save()
            raise
        except LocalError as error:
            self.journal.condition = GOOD  # from here on what is in RAM counts
            if self.port.keep(self.journal.waiting()):
                return True
            if self.fault is None:
                self.port.complain(error)  # once: an app asks again and again
            self.fault = error
            return False
        return True

    def _set_up(self):
        """An empty board: make what a boot writes to."""
        if not self.port.exists("/notedfu.d"):
            os.mkdir(self.data)
        self.journal.create()
        self.journal.save()

    def _decide(self):
        journal = self.journal
        record = GOOD if journal.condition == GOOD else LOST
        running = 0 if self.counted else journal.running  # counting has put it into `unclean`
        failing = journal.unclean + running >= self.settings.failing_runs
        state = IDLE if self._deferred and journal.state == PENDING else journal.state
        left = journal.swap_left if state == PENDING else journal.trial_left + self.counted
        active = self.slots.whole(journal.active, self.clock)
        usable = (active is None or self.settings.fall_back) and self._elsewhere() != 0
        return decide(record, state, left > 0, active is not None, usable, failing)

    def _elsewhere(self):
        """The slot beside the active one if it can run: whole, confirmed, its counter not too low. Else 0."""
        for slot in (A, B):
            manifest = self.slots.whole(slot, self.clock) if slot != self.journal.active else None
            if manifest and manifest.confirmed and manifest.counter >= self.journal.counter:
                return slot
        return 0

    def _rebuild(self):
        """Both copies of the journal are gone: the confirmed slot with the highest counter, then version."""
        best, chosen = None, 0
        for slot in (A, B):
            manifest = self.slots.whole(slot, self.clock)
            if manifest and manifest.confirmed and (best is None or manifest.rank > best):
                best, chosen = manifest.rank, slot
        try:
            self.journal.create()
        except OSError as error:
            self.port.complain(error)
        self.journal.active = chosen
        if chosen:
            self.journal.counter = best[0]
        self.save()
        self.port.say("the journal was lost; slot %s runs" % "-AB"[chosen])

    def _swap(self):
        journal = self.journal
        journal.swap_left -= 1
        try:
            if not self.save():  # counted before the swap's first flash operation
                self._deferred = True
                return
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
        except (DfuError, OSError, MemoryError) as error:
            # a fault of this board, not of the image: what is installed runs, the next boot tries again
            self.port.complain(error)
            self._deferred = True
            return
        self.swapped = True

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

    def refuse(self, code, text):
        """The staged image is not taken: remember why, for the report; what runs stays."""
        journal = self.journal
        journal.set_outcome(REFUSED, code + ": " + text)
        journal.state = IDLE
        self.save()
        self.port.say("refused: %s: %s" % (code, text))

    def revert(self, code, text):
        """The image on trial has failed: the other slot is active again, or none."""
        journal = self.journal
        journal.count_failure(journal.identity)
        journal.active = self._elsewhere()
        journal.running = journal.unclean = 0
        self.refuse(code, text)

    def _fall_back(self):
        journal = self.journal
        failed = journal.active
        journal.active = self._elsewhere()
        journal.running = journal.unclean = 0
        self.save()
        self.port.say("slot %s is not whole or keeps failing; the other one runs" % "-AB"[failed])


def boot():
    """boot.py's whole work where main.py acts:

    keep the watchdog fed. (Where boot.py acts it is inboot.boot().)

    It may be running since before a soft reset, which mpremote makes in each session.
    """
    from notedfu.port import load

    one = Boot(load())
    if one.settings.watchdog_s and not one.off():
        one.port.guard(one.clock, None)


def main():
    """main.py's whole work: it ends in a running app, in recovery, in a reset, or in the REPL by Ctrl-C."""
    from notedfu.port import load

    run(load())


def run(port):
    """As main(), with the port given."""
    try:
        _run(port)
    except KeyboardInterrupt:
        port.release()
        port.say("stopped by Ctrl-C; machine.reset() goes on")


def _run(port):
    try:
        one = Boot(port)
        if one.off():
            port.say("the updater is switched off")
            return
        action = one.look() if port.acts_in_boot else one.act()
        if one.swapped:
            port.reset()  # the app gets a heap that no swap has used
        from notedfu import supervise

        supervise.run(one, action)
    except Exception as error:  # noqa: BLE001 - a defect here must not leave a dead board
        port.complain(error)
        port.reset_after(60000)
