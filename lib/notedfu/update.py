"""The updater: check, preflight, stage, verify, pending; one bounded piece at a time.

It never runs while nobody calls poll(), it leaves the bus idle when poll() returns, and no fault of link, image
or flash comes out of it as an exception: they are kept in `problem`, and what they mean is decided here.
"""

from notedfu.errors import DfuError, ImageError, LinkError, LocalError, RequestError, TransferError
from notedfu.journal import CONSENT, DFU_MODE, IDLE, INSTALLED, PENDING, REFUSED, RETRIED, STAGING, TRIAL
from notedfu.preflight import Judge, Offer, look, reserve_room
from notedfu.report import Report
from notedfu.staging import staging
from notedfu.transfer import Transfer

BLOCKED_AFTER = 2  # failed trials of one image; then an operator must clear it
_BODY_TRIES = (
    3  # a `ready` without its body is asked again; some firmware takes a while (discuss.blues.com 2748)
)
_BODY_PAUSE_MS = 10000
_FIRST_PAUSE_MS = 2000  # after a link fault, doubled up to the check interval
_LINK_FAULTS = 6  # in a row; then the transfer is put off to the next check
_RETRY_PAUSE_MS = 1000


class Updater:
    """Steps from an offer to a pending image.

    boot: bootup.Boot. dfu: dfu.Dfu. progress(done, total) is called after each page, if it is set.
    """

    def __init__(self, boot, dfu):
        self._boot = boot
        self._clock = boot.clock
        self._journal = boot.journal
        self._dfu = dfu
        dfu.on_mode = self._remember_mode
        self.heard = False  # a dfu.status transaction has succeeded in this boot
        self.status = {}  # what dfu.status said last, all members
        self.problem = None  # the DfuError that stands in the way, or None
        self.progress = None
        self.deferred = None  # None, or a function that says whether an update must wait
        self._report = Report(boot, dfu)
        self._transfer = None
        self._judge = None
        self._offer = None
        self._identity = bytes(32)
        self._bodiless = 0
        self._faults = 0
        self._since = self._clock.ms()
        self._pause_ms = 0
        self._deadline_ms = 0
        self._started = 0
        self._next = self._check

    @property
    def busy(self):
        """Whether an update is on its way, from preflight to the last verified byte."""
        return self._next not in (self._check, self._pending)

    @property
    def pending(self):
        """Whether a verified image waits for a reset."""
        return self._journal.state == PENDING

    def check_now(self):
        """Let the next poll() ask the Notecard, whatever the interval says."""
        self._pause_ms = 0

    def poll(self, budget_ms):
        """Do what can be done in about budget_ms; one page may take longer, and the bus is idle at the end.

        Returns milliseconds until there is something to do again, 0 if there is already.
        """
        self._started = self._clock.ms()
        self._deadline_ms = budget_ms
        while True:
            left = self._pause_ms - self._clock.since(self._since)
            if left > 0:
                return left
            self._pause_ms = 0
            self._step()
            if self._hurry():
                return max(0, self._pause_ms - self._clock.since(self._since))

    def put_off(self):
        """Give the bus up in mid-course: leave DFU mode. What is staged stays, and is resumed later."""
        self._drop_transfer()
        self._next = self._check
        if self._journal.flags & DFU_MODE:
            self._dfu.leave_mode()

    def _hurry(self):
        return self._clock.since(self._started) >= self._deadline_ms

    def _step(self):
        """Run one state; what its errors mean is decided here, and only here."""
        try:
            self._next = self._next()
            self._faults = 0
        except ImageError as error:
            self._refuse(error)
        except TransferError as error:
            self._transfer_failed(error)
        except (LinkError, RequestError) as error:
            self._link_failed(error)
        except DfuError as error:
            self._put_off_for(error)
        except OSError as error:
            self._put_off_for(LocalError("flash-fault", "error %s of the filesystem" % error))
        except MemoryError:
            self._put_off_for(
                LocalError("no-memory", "the heap is too small or in pieces; take a smaller page")
            )

    def _wait(self, ms):
        self._since = self._clock.ms()
        self._pause_ms = ms

    # ---- states: each returns the next

    def _check(self):
        """Ask the Notecard, and tell it what it does not know yet."""
        dfu, journal, settings = self._dfu, self._journal, self._boot.settings
        if journal.flags & DFU_MODE:
            dfu.leave_mode()
        self.status = status = dfu.status()
        self.heard = True
        if journal.state == TRIAL:
            self._wait(settings.check_s * 1000)
            return self._check
        offer = Offer(status.get("body")) if status.get("mode") == "ready" else None
        if self._report.outcome(offer):
            offer = None
        self._report.version()
        if journal.state == PENDING:
            return self._pending
        if settings.error is not None:
            raise settings.error
        if status.get("mode") == "outboard-ready":
            raise RequestError("outboard", "outboard DFU is on; switch it off: card.dfu name:- off:true")
        self.problem = None
        if offer is None or (self.deferred is not None and self.deferred()):
            self._wait(settings.check_s * 1000)
            return self._check
        if offer.length is None and self._bodiless < _BODY_TRIES:
            self._bodiless += 1
            self._wait(_BODY_PAUSE_MS)
            return self._check
        self._bodiless = 0
        self._offer = offer
        return self._open

    def _open(self):
        """Make sure that dfu.get is served; old Notecards need DFU mode for it."""
        pause_ms = self._dfu.open()
        if pause_ms:
            self._wait(pause_ms)
            return self._open
        return self._preflight

    def _preflight(self):
        boot, journal, offer = self._boot, self._journal, self._offer
        candidate = look(self._dfu, offer, boot.port.sha256)
        identity = self._identity = candidate.identity
        offer.length = candidate.length
        if self._report.is_about(identity):
            self._report.tell()
            return self._leave(_RETRY_PAUSE_MS)
        running = boot.slots.load(journal.active)
        if running is not None and running.identity == identity:
            self._report.settle(INSTALLED, "already runs", identity, offer)
            return self._leave(0)
        if journal.failures(identity) >= BLOCKED_AFTER:
            raise ImageError("blocked", "it failed %d trials here; dfu.unblock() clears that" % BLOCKED_AFTER)
        self._judge = Judge(boot)
        self._judge.before_download(candidate)
        stage = staging(boot.port, boot.settings, self._clock)
        reserve_room(boot.slots, journal.active, candidate, stage)
        self._begin(candidate, stage)
        return self._stage

    def _begin(self, candidate, stage):
        journal = self._journal
        resuming = journal.state == STAGING and journal.identity == candidate.identity
        transfer = Transfer(self._dfu, candidate, self._offer, stage, self._boot)
        if not resuming:
            if journal.identity != candidate.identity:
                journal.flags &= ~RETRIED
            journal.state = STAGING
            journal.identity = candidate.identity
            journal.length = candidate.length
            journal.image_crc32 = self._offer.crc32 or 0
            journal.save()
        transfer.open(journal.length if resuming else 0)
        self._transfer = transfer

    def _stage(self):
        transfer, journal = self._transfer, self._journal
        if self.deferred is not None and self.deferred():
            return self._leave(self._boot.settings.check_s * 1000)
        more = transfer.step(self._hurry)
        if self.progress is not None:
            self.progress(transfer.done, transfer.total)
        if more:
            return self._stage
        self._judge.on_flash(transfer.image, journal.identity)
        journal.state = PENDING
        journal.flags &= ~CONSENT
        journal.image_crc32 = transfer.image_crc32
        journal.swap_left = self._boot.settings.swap_tries
        journal.save()
        return self._leave(0)

    def _pending(self):
        """Nothing more to do before a reset."""
        self._wait(self._boot.settings.check_s * 1000)
        return self._pending

    def _leave(self, pause_ms):
        """The way out of every transfer: memory is given back, DFU mode left."""
        self._drop_transfer()
        if self._journal.flags & DFU_MODE:
            self._dfu.leave_mode()
        self._wait(pause_ms)
        return self._pending if self._journal.state == PENDING else self._check

    def _drop_transfer(self):
        transfer, self._transfer = self._transfer, None
        self._judge = None
        if transfer is not None:
            try:
                transfer.stop()
                self._dfu.clear_store()
            except DfuError as error:
                self.problem = error

    # ---- what errors mean

    def _refuse(self, error):
        """A verdict: it is remembered with the image's identity, and told at the next check."""
        identity = getattr(error, "identity", None) or self._identity
        self.problem = error
        if not self._report.is_about(identity):
            self._report.settle(REFUSED, str(error), identity, self._offer)
        if self._transfer is None and self._offer.crc32 is None:
            self._tell_now()
        self._settle(0)

    def _tell_now(self):
        """Tell the outcome of an image that no body describes, while it is known which one is offered."""
        try:
            self._report.tell()
        except (LinkError, RequestError) as error:
            self.problem = error

    def _transfer_failed(self, error):
        """Damage on the way, or another image in its place: one whole new download, then a verdict."""
        journal = self._journal
        self.problem = error
        try:
            status = self._dfu.status()
            replaced = status.get("mode") != "ready" or not Offer(status.get("body")).same(self._offer)
        except (LinkError, RequestError):
            replaced = False
        if journal.flags & RETRIED and not replaced:
            self._refuse(error)
            return
        if not replaced:
            journal.flags |= RETRIED
        journal.state = IDLE
        journal.save()
        self._settle(_RETRY_PAUSE_MS)

    def _link_failed(self, error):
        """The Notecard did not answer, or said no: again later, with growing pauses."""
        self.problem = error
        self._faults += 1
        longest = self._boot.settings.check_s * 1000
        pause_ms = min(_FIRST_PAUSE_MS << min(self._faults, 12), longest)
        if isinstance(error, RequestError) or self._faults > _LINK_FAULTS:
            self._settle(pause_ms)
        else:
            self._wait(pause_ms)

    def _put_off_for(self, error):
        """Something here is in the way: the image stays on the Notecard."""
        self.problem = error
        self._settle(self._boot.settings.check_s * 1000)

    def _settle(self, pause_ms):
        """_leave() where the link itself may be what fails."""
        try:
            self._next = self._leave(pause_ms)
        except (LinkError, RequestError) as error:
            self.problem = error
            self._next = self._check  # which leaves DFU mode first
            self._wait(max(pause_ms, _RETRY_PAUSE_MS))

    def _remember_mode(self, entered):
        """Called before each hub.set that changes DFU mode's state for good, so that a crash can't strand it."""
        if entered:
            self._journal.flags |= DFU_MODE
        else:
            self._journal.flags &= ~DFU_MODE
        self._journal.save()
