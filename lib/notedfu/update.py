"""The updater: check, preflight, stage, verify, pending; one bounded piece at a time.

It never runs while nobody calls poll(), it leaves the bus idle when poll() returns, and no fault of link,
image or flash comes out of it as an exception: they are kept in `problem`, and what they mean is decided
here.
"""

import gc

from notedfu.backoff import Backoff
from notedfu.const import const
from notedfu.errors import (
    DfuError,
    ImageError,
    LinkError,
    LocalError,
    RequestError,
    SettingsError,
    TransferError,
)
from notedfu.forget import forget
from notedfu.journal import (
    ALONE,
    ALONE_BOOTS,
    CONSENT,
    DFU_MODE,
    IDLE,
    INSTALLED,
    PENDING,
    REFUSED,
    RETRIED,
    STAGING,
    TRIAL,
)
from notedfu.offer import Offer
from notedfu.report import Report

BLOCKED_AFTER = 2  # failed trials of one image; then an operator must clear it
_BODY_TRIES = const(3)  # a `ready` without its body is asked again: discuss.blues.com 2748
_BODY_PAUSE_MS = const(10000)
_RETRY_PAUSE_MS = const(1000)
_HELD_PAUSE_MS = const(1000)  # between two looks at whether the app still puts updates off
# modules of preflight's three steps, each given back before the next: the download does without all of them
_LOOK = ("preflight", "tlvs", "keys")
_JUDGE = ("trust", "verdict", "marker", "keys")
_FIT = ("fits", "firmware", "romlook", "container")
_ON_THE_WAY = ("transfer", "staging", "flashstage", "image")  # and that what is on flash is judged without
_SUPERSEDED = "supercede"  # as the Notecard spells it, in the status of an error of its own


class Updater:
    """Steps from an offer to a pending image.

    boot: device.Device. dfu: dfu.Dfu. progress(done, total) is called after each page, if it is set.
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
        self._begun_at = 0  # bytes that were staged when the transfer began in this run
        self._staging = None  # from preflight to the transfer
        self._vouched = False  # the signature of the image under way has been verified
        self._offer = None
        self._identity = bytes(32)
        self._bodiless = 0
        self._backoff = Backoff(boot.settings.check_s * 1000)
        if self._journal.state == STAGING:
            dfu.doubt_store()  # a download was cut short: its last piece may lie there
        self._since = self._clock.ms()
        self._pause_ms = 0
        self._deadline_ms = 0
        self._started = 0
        self._next = self._check

    @property
    def busy(self):
        """Whether an update is on its way, from preflight to the last verified byte."""
        return self._next not in (self._check, self._held, self._pending)

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
            if self._left_ms():
                return self._pause_ms
            self._step()
            if self._hurry() and self._next != self._accept and not (self._transfer and self._transfer.asks):
                return self._left_ms()

    def put_off(self):
        """Give the bus up in mid-course: leave DFU mode. What is staged stays, and is resumed later.

        A download gets at least one page further before, or many short wakes would never end it. What stands
        in the way of that is in `problem`; the next poll() tries again.
        """
        if self._bodiless:  # an app that sleeps soon can't wait for what the Notecard has not said yet
            self._bodiless = _BODY_TRIES
            self._pause_ms = 0
            self._step()
        while not self._pause_ms and (
            self._next in (self._open, self._preflight, self._begin, self._accept) or self._owes_page()
        ):
            self._step()
        self._next = self._leave(0)

    def yield_bus(self):
        """Let the app make a request of its own, in a `progress` call as well: nothing is on its way then."""
        if self._transfer is not None:
            try:
                self._transfer.stop()
            except (LinkError, RequestError) as error:
                self.problem = error  # what was lost is asked for again

    def _owes_page(self):
        transfer = self._transfer
        return self._next == self._stage and transfer.done <= self._begun_at + transfer.lag

    def _hurry(self):
        return self._clock.since(self._started) >= self._deadline_ms

    def _step(self):
        """Run one state; what its errors mean is decided here, and only here."""
        try:
            self._run()
        except DfuError as error:
            self._put_off_for(error)
        except OSError as error:
            self._put_off_for(LocalError("flash-fault", "error %s of the filesystem" % error))
        except MemoryError:
            self._shrink()

    def _run(self):
        """Raises what is in the way here, on this board: of a state, or of what is done about its error."""
        try:
            self._next = self._next()
        except ImageError as error:
            self._refuse(error)
        except TransferError as error:
            self._transfer_failed(error)
        except (LinkError, RequestError) as error:
            self._link_failed(error)

    def _wait(self, ms):
        self._since = self._clock.ms()
        self._pause_ms = ms

    def _left_ms(self):
        """What is left of the pause, counted down: it may be longer than the ticks can measure at once."""
        if self._pause_ms:
            passed_ms = self._clock.since(self._since)  # below 0 where nobody has polled for days
            self._wait(max(0, self._pause_ms - passed_ms) if passed_ms >= 0 else 0)
        return self._pause_ms

    # ---- states: each returns the next

    def _check(self):
        """Ask the Notecard, and tell it what it does not know yet."""
        dfu, journal, settings = self._dfu, self._journal, self._boot.settings
        self._leave_mode()
        self.status = status = dfu.status()
        self.heard = True
        if journal.state == TRIAL:
            self._wait(settings.check_s * 1000)
            return self._check
        offer = Offer(status.get("body")) if status.get("mode") == "ready" else None
        if self._report.outcome(offer):
            offer = None
        self.problem = self._tell_about_us()
        if journal.state == PENDING:
            return self._pending
        if settings.error is not None:  # a new one: each raise adds to a traceback
            raise SettingsError(settings.error.code, settings.error.text)
        if status.get("mode") == "outboard-ready":
            raise RequestError("outboard", "outboard DFU is on; switch it off: card.dfu name:- off:true")
        if offer is None:
            return self._nothing(status)
        if self._is_held():
            return self._held
        if offer.length is None and self._bodiless < _BODY_TRIES:
            self._bodiless += 1
            self._wait(_BODY_PAUSE_MS)
            return self._check
        self._bodiless = 0
        self._offer = offer
        return self._open

    def _tell_about_us(self):
        """What is told once per change. A Notecard that refuses it may have an image all the same; one that
        does not know of versions as objects may call it damaged, as often as it is told."""
        try:
            self._report.version(self._boot.settings.voltage)
        except (LinkError, RequestError) as error:
            if error.code not in ("card-err", "card-io"):
                raise
            return error
        return None

    def _nothing(self, status):
        """The Notecard offers nothing: be tidy, and look again later."""
        self._dfu.clear_store()
        if status.get("mode") == "error" and _SUPERSEDED in str(status.get("status")):
            # it stays so until it is cleared, and a successor may wait for that (discuss.blues.com 2315)
            error = RequestError("superseded", "the Notecard gave the image up for another one")
            self._dfu.stop_error(str(error))
        if status.get("off") and self.problem is None:
            self.problem = RequestError(
                "off", "the Notecard may not download for this device: dfu.status on:true"
            )
        self._backoff.reset()
        if self._journal.flags & ALONE_BOOTS:  # the next image has three of its own
            self._journal.flags &= ~ALONE_BOOTS
            self._journal.save()
        self._wait(self._boot.settings.check_s * 1000)
        return self._check

    def _is_held(self):
        return self.deferred is not None and self.deferred()

    def _held(self):
        """The app puts updates off: the bus is left alone until it does no more, once DFU mode is left."""
        if self._is_held():
            self._leave_mode()
            self._wait(_HELD_PAUSE_MS)
            return self._held
        return self._check

    def _open(self):
        """Make sure that dfu.get is served; old Notecards need DFU mode for it."""
        pause_ms = self._dfu.open()
        if pause_ms:
            self._wait(pause_ms)
            return self._open
        return self._preflight

    def _preflight(self):
        gc.collect()
        boot, journal, offer = self._boot, self._journal, self._offer
        candidate = self._look()
        self._forget(_LOOK)
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
        self._vouched = self._judge(candidate)
        self._forget(_JUDGE)
        from notedfu import fits
        from notedfu.staging import staging

        reserve = fits.reserve_room
        if not self._is_begun(identity):
            reserve = fits.make_room
            self._seen(fits.look_inside, boot.slots, candidate)
        self._staging = staging(boot.port, boot.settings, self._clock)
        reserve(boot.slots, journal.active, candidate, self._staging)
        return self._begin

    def _judge(self, candidate):
        """Preflight's verdict; returns whether the signature has been verified."""
        from notedfu.trust import Judge

        judge = Judge(self._boot)
        if self._is_begun(candidate.identity):
            judge.before_rest(candidate)
        else:
            judge.before_download(candidate)
        return judge.vouched

    def _forget(self, names):
        """Give back the code of what has been done: the next step's takes its place."""
        forget(*names)
        gc.collect()

    def _look(self):
        from notedfu.preflight import look

        return self._seen(look, self._offer, self._boot.port.sha256)

    def _seen(self, look, *args):
        """look(dfu, *args); a second one where the first may have been shown another piece of the image."""
        try:
            return look(self._dfu, *args)
        except ImageError:
            if self._dfu.guarded:
                raise
            return look(self._dfu, *args)

    def _is_begun(self, identity):
        """Whether this very upload is what lies in staging: signed anew, an image may have another length."""
        journal = self._journal
        return (
            journal.state == STAGING and journal.identity == identity and journal.length == self._offer.length
        )

    def _begin(self):
        """Make staging ready for the image that preflight has let pass."""
        self._forget(_FIT)
        from notedfu.transfer import Transfer

        journal, identity, length = self._journal, self._identity, self._offer.length
        stage, self._staging = self._staging, None
        resuming = self._is_begun(identity)
        transfer = Transfer(self._dfu, length, self._offer, stage, self._boot)
        # staging first: what lies there is never another image's than the journal's, whatever fails here
        transfer.open(length if resuming else 0)
        if not resuming:
            if journal.identity != identity:
                journal.flags &= ~(RETRIED | ALONE_BOOTS)
            journal.state = STAGING
            journal.identity = identity
            journal.length = length
            journal.image_crc32 = self._offer.crc32 or 0
            journal.save()
            self._backoff.reset()
        self._transfer = transfer
        self._begun_at = transfer.done
        return self._stage

    def _stage(self):
        transfer, journal = self._transfer, self._journal
        if self._is_held():
            self._leave(0)
            return self._held
        more = transfer.step(self._hurry)
        self._backoff.reached(transfer.done)
        if self.progress is not None:
            self.progress(transfer.done, transfer.total)
        if more:
            return self._stage
        if transfer.image.digest != journal.identity:
            raise TransferError("other-image", "what arrived is not the image that was looked at")
        return self._accept

    def _accept(self):
        """Judge what is on flash, which is all there; PENDING is commit point 1."""
        transfer, self._transfer = self._transfer, None
        image, crc32 = transfer.image, transfer.image_crc32
        del transfer
        self._forget(_ON_THE_WAY)
        from notedfu.trust import Judge

        journal = self._journal
        judge = Judge(self._boot)
        judge.vouched = self._vouched
        judge.on_flash(image, journal.identity)
        self._tidy(None)  # while the journal still says that a piece may lie in the binary store
        journal.state = PENDING
        journal.flags &= ~(CONSENT | ALONE | ALONE_BOOTS)
        journal.image_crc32 = crc32
        journal.swap_left = self._boot.settings.swap_tries
        journal.save()
        return self._leave(0)

    def _pending(self):
        """Nothing more to do before a reset, but for what the way out of the transfer could not."""
        self._leave_mode()
        self._dfu.clear_store()
        self._wait(self._boot.settings.check_s * 1000)
        return self._pending

    def _leave(self, pause_ms):
        """The way out of every transfer: memory is given back, the Notecard left as it was found.

        Raises nothing: the link itself may be what fails. What could not be done now is done first of all
        the next time, as the next state says.
        """
        transfer, self._transfer = self._transfer, None
        self._staging = None
        self._forget(_LOOK + _JUDGE + _FIT)
        self._tidy(transfer)
        try:
            self._leave_mode()
        except DfuError as error:
            self.problem = error
            pause_ms = max(pause_ms, _RETRY_PAUSE_MS)
        self._wait(pause_ms)
        return self._pending if self._journal.state == PENDING else self._check

    def _tidy(self, transfer):
        """Take what is on its way, and leave the binary store empty; what fails now is done later."""
        try:
            if transfer is not None:
                transfer.stop()
            self._dfu.clear_store()
        except DfuError as error:
            self.problem = error

    def _leave_mode(self):
        """Leave DFU mode if it was entered, by this run or by one that was cut short."""
        if self._journal.flags & DFU_MODE:
            self._dfu.leave_mode()

    # ---- what errors mean

    def _refuse(self, error):
        """A verdict: it is remembered with the image's identity, and told at the next check."""
        identity = getattr(error, "identity", None) or self._identity
        self.problem = error
        if not self._report.is_about(identity):
            self._report.settle(REFUSED, str(error), identity, self._offer)
        pause_ms = 0
        if self._next == self._preflight and self._offer.crc32 is None:
            pause_ms = self._tell_now()
        self._next = self._leave(pause_ms)

    def _tell_now(self):
        """Tell the outcome of an image that no body describes, while it is known which one is offered.

        Returns the ms after which to try again.
        """
        try:
            self._report.tell()
        except (LinkError, RequestError) as error:
            self.problem = error
            return self._backoff.fault()
        return 0

    def _transfer_failed(self, error):
        """Damage on the way, or another image in its place: one whole new download, then a verdict."""
        journal = self._journal
        self.problem = error
        same = self._is_offered_still()
        if same and journal.flags & RETRIED:
            self._refuse(error)
            return
        if same:
            journal.flags |= RETRIED
        journal.state = IDLE
        journal.save()
        self._next = self._leave(_RETRY_PAUSE_MS)

    def _is_offered_still(self):
        """Whether the Notecard is known to hold the image that the download began with."""
        try:
            status = self._dfu.status()
        except (LinkError, RequestError):
            return False
        return status.get("mode") == "ready" and Offer(status.get("body")).same(self._offer)

    def _link_failed(self, error):
        """The Notecard did not answer, or said no: again later, with pauses that grow until bytes come."""
        self.problem = error
        pause_ms = self._backoff.fault()
        if isinstance(error, RequestError) or self._backoff.exhausted:
            self._next = self._leave(pause_ms)
        else:
            self._wait(pause_ms)

    def _put_off_for(self, error):
        """Something here is in the way: the image stays on the Notecard."""
        self.problem = error
        self._next = self._leave(self._boot.settings.check_s * 1000)

    def _shrink(self):
        """The heap is too small or in pieces: half the page, and on from what is staged."""
        self._next = self._leave(_RETRY_PAUSE_MS)
        gc.collect()
        self.problem = LocalError("no-memory", "no room on the heap with a page of %d" % len(self._dfu.page))
        if not self._dfu.shrink():
            self._wait(self._boot.settings.check_s * 1000)
            if self.status.get("mode") == "ready":
                self._boot.ask_for_heap()

    def _remember_mode(self, entered):
        """Called before DFU mode is entered and after it was left, so that no crash can strand it."""
        flags = self._journal.flags
        self._journal.flags = flags | DFU_MODE if entered else flags & ~DFU_MODE
        try:
            self._journal.save()
        except LocalError:
            self._journal.flags = flags  # it is not entered then
            raise
