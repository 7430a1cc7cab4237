"""Deliberate defects: each is put into the freshly imported library before every boot, and must be caught.

tests_host/host/test_powerloss.py hunts them, through tools/powerloss/plan.py.
"""


def _attempt_counted_late():
    """A trial run is counted when the app is running already: never, if the app is the end of it."""
    from notedfu.health import Health

    begin = Health.begin

    def late(self):
        boot, save = self._boot, self._boot.save
        boot.save = lambda: True
        begin(self)
        boot.save = save

    Health.begin = late


def _swap_counted_late():
    """A swap is counted when it is through."""
    from notedfu.decide import Boot

    swap = Boot._swap

    def late(self):
        save = self.save
        self.save = lambda: True
        try:
            swap(self)
        finally:
            self.save = save
        if not self.swapped:
            self.save()

    Boot._swap = late


def _pending_before_read_back():
    """PENDING is written when the last byte has come, before anything is checked."""
    from notedfu import transfer
    from notedfu.journal import PENDING

    begin, check = transfer.Transfer.__init__, transfer.Transfer._check

    def init(self, dfu, candidate, offer, staging, boot):
        begin(self, dfu, candidate, offer, staging, boot)
        self._boot_of_defect = boot

    def early(self, hurry):
        journal = self._boot_of_defect.journal
        state, journal.state, journal.swap_left = journal.state, PENDING, 3
        journal.save()
        journal.state = state
        return check(self, hurry)

    transfer.Transfer.__init__, transfer.Transfer._check = init, early


def _copies_in_the_wrong_order():
    """The copy of the journal that counts is overwritten first."""
    from notedfu.journal import Journal

    save = Journal.save

    def wrong(self):
        if len(self._whole) > 1:
            self._whole.reverse()
        save(self)

    Journal.save = wrong


def _old_slot_emptied_first():
    """The running app is removed before the new one is known good."""
    from notedfu import swap

    install = swap.install

    def hasty(boot):
        boot.slots.remove(boot.journal.active)
        install(boot)

    swap.install = hasty


def _old_manifest_kept():
    """A slot's files are written while the manifest of those before them is still there."""
    from notedfu import slotfiles, slotwriter

    def empty(path):
        slotfiles._remove_folder(path, 8)

    slotwriter.empty = empty


def _trial_before_the_seal():
    """The journal says TRIAL before the slot has its manifest."""
    from notedfu import slotwriter, swap
    from notedfu.journal import TRIAL
    from notedfu.slots import spare

    install, seal = swap.install, slotwriter.SlotWriter.seal
    boots = []

    def remember(boot):
        boots.append(boot)
        install(boot)

    def early(self, header, protected, identity):
        journal = boots[-1].journal
        active, journal.active = journal.active, spare(journal.active)
        journal.state, journal.trial_left = TRIAL, 3
        journal.save()
        seal(self, header, protected, identity)
        journal.active = active

    swap.install, slotwriter.SlotWriter.seal = remember, early


def _mark_before_the_journal():
    """The slot is marked confirmed before the journal has it."""
    from notedfu.health import Health

    confirm = Health.confirm

    def early(self):
        self._mark_confirmed()
        confirm(self)

    Health.confirm = early


def _report_forgotten_early():
    """The verdict is forgotten before the Notecard has acknowledged it."""
    from notedfu.report import Report

    tell, forget = Report.tell, Report._forget

    def early(self):
        journal = self._journal
        kept = journal.outcome
        forget(self)
        journal.outcome = kept
        tell(self)

    Report.tell = early


def _report_to_whatever_is_there():
    """A verdict is told to the image that the Notecard holds, whichever it is."""
    from notedfu.report import Report

    outcome = Report.outcome

    def anyone(self, offer):
        if offer is not None and self._journal.outcome:
            self.tell()
            return True
        return outcome(self, offer)

    Report.outcome = anyone


def _counter_raised_on_trial():
    """The security counter rises before the app has proved itself, and the old one may not run any more."""
    from notedfu import swap

    install = swap.install

    def early(boot):
        boot.journal.counter += 1
        install(boot)

    swap.install = early


def _users_files_swept():
    """Staging is given back with all that lies beside it."""
    import os

    from notedfu.filestage import FileStage

    discard = FileStage.discard

    def sweep(self):
        root = self._path.rsplit("/", 2)[0]
        if "log.txt" in os.listdir(root + "/data"):
            os.remove(root + "/data/log.txt")
        discard(self)

    FileStage.discard = sweep


def _rotten_staging_installed():
    """The swap trusts what is staged: it was verified once."""
    from notedfu import swap
    from notedfu.errors import ImageError
    from notedfu.image import Image

    class Trusting(Image):
        def finish(self):
            try:
                super().finish()
            except ImageError:
                self.digest = trusted[-1]

    install, trusted = swap.install, []

    def trust(boot):
        trusted.append(boot.journal.identity)
        install(boot)

    swap.install, swap.Image = trust, Trusting


def _loss_not_said():
    """A journal that was lost is made anew, and nobody hears of it."""
    from notedfu.decide import Boot

    rebuild = Boot._rebuild

    def silent(self):
        say, self.port.say = self.port.say, lambda text: None
        rebuild(self)
        self.port.say = say

    Boot._rebuild = silent


def _no_way_made_on_a_full_disk():
    """The journal's reserve is not given up when there is no room for a save."""
    from notedfu.journal import Journal

    Journal._make_way = lambda self: None


def _mark_beside_the_slots_on_fat():
    """On FAT the mark is a file in the folder of both slots, as it is on LittleFS."""
    from notedfu import marks

    def put(slots, slot, crc):
        with open(slots.path(slot) + ".confirmed", "wb") as file:
            file.write(crc)

    marks.put = put


def _torn_folder_made_anew_at_once():
    """What is torn of the journal is made anew at once: the allocation table is written in a trial."""
    from notedfu.journal import Journal

    repair = Journal.repair

    def eager(self):
        self.create()
        repair(self)

    Journal.repair = eager


def _trial_not_counted_runs():
    """Each boot begins the trial with all its runs."""
    from notedfu.health import Health
    from notedfu.journal import TRIAL

    begin = Health.begin

    def generous(self):
        if self._boot.journal.state == TRIAL:
            self._boot.journal.trial_left = 3
        begin(self)

    Health.begin = generous


DEFECTS = (
    # name, life, geometry, phase, how it is hunted, what makes it
    ("attempt-counted-late", "resets", "lfs-256", "trial", "single", _attempt_counted_late),
    ("swap-counted-late", "update", "lfs-256", "swap", "relentless", _swap_counted_late),
    ("pending-before-read-back", "damaged", "lfs-256", "verify", "single", _pending_before_read_back),
    ("copies-in-the-wrong-order", "update", "fat-256", "journal", "single", _copies_in_the_wrong_order),
    ("old-slot-emptied-first", "update", "lfs-256", "swap", "relentless", _old_slot_emptied_first),
    ("old-manifest-kept", "next", "lfs-256", "next", "single", _old_manifest_kept),
    ("trial-before-the-seal", "update", "lfs-256", "swap", "single", _trial_before_the_seal),
    ("mark-before-the-journal", "update", "lfs-256", "confirm", "single", _mark_before_the_journal),
    ("report-forgotten-early", "update", "lfs-256", "report", "single", _report_forgotten_early),
    ("report-to-whatever-is-there", "successor", "lfs-256", "report", "bus", _report_to_whatever_is_there),
    ("counter-raised-on-trial", "crash", "lfs-256", "swap", "single", _counter_raised_on_trial),
    ("rotten-staging-installed", "rot", "lfs-256", "swap", "single", _rotten_staging_installed),
    ("loss-not-said", "journal-lost", "lfs-256", "journal", "single", _loss_not_said),
    ("no-way-on-a-full-disk", "brim", "lfs-16", "confirm", "single", _no_way_made_on_a_full_disk),
    ("mark-beside-the-slots-on-fat", "update", "fat-256", "confirm", "single", _mark_beside_the_slots_on_fat),
    ("torn-folder-made-anew-at-once", "crash", "fat-256", "revert", "pairs", _torn_folder_made_anew_at_once),
    ("trial-without-end", "resets", "lfs-256", "trial", "single", _trial_not_counted_runs),
    ("users-files-swept", "update", "lfs-256", "download into file", "single", _users_files_swept),
)


def named(name):
    """The function that puts the defect `name` into the library."""
    for entry in DEFECTS:
        if entry[0] == name:
            return entry[-1]
    raise ValueError("no such defect: " + name)
