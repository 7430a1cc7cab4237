"""What lies on a board, and what boot and supervise may both do about it: save, refuse, revert."""

import os

from notedfu.errors import LocalError, SettingsError
from notedfu.journal import (
    ALONE,
    ALONE_BOOTS,
    CONSENT,
    FRESH,
    GOOD,
    IDLE,
    REFUSED,
    STAGING,
    UNBLOCKED,
    Journal,
)
from notedfu.settings import Settings
from notedfu.slots import A, B, Slots


class Device:
    """The port, settings, journal and slots of one boot.

    Without a journal that can be written the installed app runs all the same: `fault` holds the LocalError.
    """

    def __init__(self, port):
        self.port = port
        self.clock = port.clock()
        self.data = port.root + "/notedfu.d"
        self.journal = Journal(self.data + "/journal")
        self._read_settings()
        self.page = None  # the buffer for a page, if it was made early
        self.fault = None  # the LocalError with which the journal could not be written, or None
        self.counted = False  # whether boot.py has counted this run already
        self.drawn = False  # whether bootup has drawn the lot for this run already, and it is to be marked
        self.mark = 1  # the journal's `running` from the start of a run on: 2 from code.py's
        self.deferred = False  # whether a pending image counts as none in this boot
        self.passed_over = None  # the LocalError of a boot.py that has left a pending image alone, or None

    def _read_settings(self):
        self.settings = Settings().load(self.port.root + "/notedfu.json")
        self.slots = Slots(self.data)
        if self.settings.target != "slots":
            self._use(self.settings.target)

    def off(self):
        """Whether a person has switched the updater off: by setting, by file or by pin."""
        return self.settings.off or self.port.exists("/notedfu.off") or self._is_held_off()

    def _is_held_off(self):
        """Whether the pin says so. One that this board lacks must not keep what is installed from running."""
        try:
            return self.port.pin_is_low(self.settings.off_pin)
        except Exception as error:  # noqa: BLE001 - ports disagree about what a wrong pin raises
            self.port.complain(error)
            return False

    def _use(self, target):
        """Slots that may bring more than files; without, what is installed runs, and no image is taken."""
        try:
            if target == "ota":
                from notedfu.otaslots import OtaSlots

                self.slots = OtaSlots(self.data, self.port.banks())
            else:
                from notedfu.romslots import RomSlots

                self.slots = RomSlots(self.data, self.port.rom())
        except (ImportError, LocalError, OSError) as error:
            self.port.complain(error)
            if isinstance(error, ImportError):
                error = "its modules are not on the board: make deploy"
            self.settings.error = SettingsError("bad-settings", "target %s: %s" % (target, error))

    def load(self):
        """Read the journal, mend what can be mended, and do what the settings ask of it once."""
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
        self.deferred = self.settings.install == "ask" and not journal.flags & CONSENT

    def _unblock(self):
        """The setting `unblock` was set, which clears the list once, or taken back."""
        self.journal.flags ^= UNBLOCKED
        if self.settings.unblock:
            self.journal.clear_failures()
        self.save()

    def _set_up(self):
        """An empty board: make what a boot writes to. A full one is in recovery without."""
        path = self.port.root + "/notedfu.json"
        if not self.port.exists("/notedfu.json"):
            from notedfu import factory

            if factory.settings(path):
                self._read_settings()
        try:
            if not self.port.exists("/notedfu.d"):
                os.mkdir(self.data)
            self.journal.create()
        except OSError as error:
            self.port.complain(error)
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
        except MemoryError:
            return self._unsaved(LocalError("no-memory", "no room on the heap to write the boot record"))
        except LocalError as error:
            return self._unsaved(error)
        self.fault = None
        return True

    def _unsaved(self, error):
        """The journal could not be written: it waits, or `error` is the fault. Returns whether it waits."""
        self.journal.condition = GOOD  # from here on what is in RAM counts
        try:
            if self.port.keep(self.journal.waiting()):
                return True
        except MemoryError:
            pass  # no room on the heap for that either: `error` says what is wrong
        if self.fault is None:
            self.port.complain(error)  # once: an app asks again and again
        self.fault = error
        return False

    def ask_for_heap(self):
        """Let a boot fetch the image that is offered without the app, beside which there is no room for it.

        Three times at most for an image, or the app would hardly run any more; and never past an app that is
        to be asked.
        """
        journal = self.journal
        asks = journal.state <= STAGING and self.settings.install != "ask"
        if asks and journal.flags & ALONE_BOOTS != ALONE_BOOTS:
            journal.flags |= ALONE
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
        try:
            self.slots.leave(journal.active)  # first: a cut behind it is another firmware's than the record's
        except OSError as error:
            self.port.complain(error)
        journal.active = self.elsewhere()
        journal.running = journal.unclean = 0
        self.refuse(code, text)

    def take_page(self):
        """The buffer for a page, which is the caller's from now on."""
        page, self.page = self.page, None
        if page is None or len(page) != self.settings.page:
            page = bytearray(self.settings.page)
        return page

    def elsewhere(self):
        """The slot beside the active one if it can run: whole, confirmed, its counter not too low. Else 0."""
        for slot in (A, B):
            manifest = self.slots.whole(slot, self.clock) if slot != self.journal.active else None
            if manifest and manifest.confirmed and manifest.counter >= self.journal.counter:
                return slot
        return 0
