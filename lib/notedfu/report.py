"""What the Notecard is told: the outcome, to the image it is about and no other, and the running version."""

from notedfu.crc32 import Crc32
from notedfu.forget import forget
from notedfu.journal import IDLE, INSTALLED, NONE


class Report:
    """The journal's outcome and the running version, until the Notecard has acknowledged them.

    boot: device.Device. dfu: dfu.Dfu. What its requests raise comes out of here.
    """

    def __init__(self, boot, dfu):
        self._journal = boot.journal
        self._slots = boot.slots
        self._dfu = dfu

    def settle(self, outcome, text, identity, offer):
        """Remember an outcome about an offered image; nothing of it is staged or pending any more."""
        journal = self._journal
        journal.set_outcome(outcome, text)
        journal.outcome_identity = identity
        journal.outcome_length = offer.length or 0
        journal.outcome_crc32 = offer.crc32 or 0
        journal.state = IDLE
        journal.save()

    def outcome(self, offer):
        """Tell the outcome if `offer`, from the dfu.status just read, is the image it is about.

        offer: None where the Notecard offers nothing. Returns True if it was told. Where the body does not
        say which image is offered, nothing is told here: preflight finds out by the identity.
        """
        journal = self._journal
        if journal.outcome == NONE or (offer is not None and not self._comparable(offer)):
            return False
        if offer is not None and (offer.length, offer.crc32) == (
            journal.outcome_length,
            journal.outcome_crc32,
        ):
            self.tell()
            return True
        self._forget()  # the Notecard has let go of it already, or holds its successor
        return False

    def is_about(self, identity):
        """Whether there is an outcome to tell, and it is about the image with this identity."""
        return self._journal.outcome != NONE and self._journal.outcome_identity == identity

    def tell(self):
        """Stop the image that the Notecard holds, which the caller knows to be the one, with the outcome."""
        journal = self._journal
        if journal.outcome == INSTALLED:
            self._dfu.stop(journal.outcome_text)
        else:
            self._dfu.stop_error(journal.outcome_text)
        self._forget()

    def version(self, voltage):
        """Send the running app's version, and the setting `voltage` if it says something: once per change of
        either, until both are acknowledged."""
        journal = self._journal
        running = self._slots.load(journal.active)
        if running is None:
            return
        crc = Crc32()
        crc.update(running.identity, 0, len(running.identity))
        text = voltage.encode()
        crc.update(text, 0, len(text))
        if crc.value() != journal.version_crc:
            from notedfu.marker import told

            version = told(running)
            forget("marker")
            self._dfu.report_version(version)
            if voltage:
                self._dfu.allow_by_voltage(voltage)
            journal.version_crc = crc.value()
            journal.save()

    def _comparable(self, offer):
        return offer.length is not None and offer.crc32 is not None and self._journal.outcome_crc32 != 0

    def _forget(self):
        self._journal.outcome = NONE
        self._journal.save()
