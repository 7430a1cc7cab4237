"""Slots of which each may have a firmware of its own: the target `ota`, ESP32's OTA partitions or dualbank.

A slot whose firmware came with it holds a file that names it; a slot without one (deployed by
cable, or an app's update) goes with whatever firmware runs. The bootloader starts a new firmware once: unless
it is kept in that run, the next reset brings the old one back. So what really runs is asked at each boot.
"""

from notedfu.errors import LocalError
from notedfu.journal import PENDING, TRIAL
from notedfu.slots import KEPT, OTHER, RIGHT, Slots, spare

BANK = "firmware.bank"  # in the slot's folder: its firmware's label
FIRMWARE = b"esp32"  # TLV 0xA1 of an image whose payload is a firmware
BOTH = b"esp32+slots"  # and of one that is an archive: firmware.bin, then an app
_LIMIT = 16  # bytes of a label (esp_partition.h)


class OtaSlots(Slots):
    """As Slots, with the port's `banks` (docs/PORTING.md)."""

    firmwares = True

    kinds = Slots.kinds + (FIRMWARE, BOTH)

    def __init__(self, root, banks):
        super().__init__(root)
        self.banks = banks

    def bank(self, slot):
        """The label of the slot's own firmware, as bytes, or None."""
        try:
            with open(self.path(slot) + "/" + BANK, "rb") as file:
                return file.read(_LIMIT)
        except OSError:
            return None

    def runs(self, journal):
        """RIGHT, KEPT or OTHER: how what really runs fits the record.

        The spare slot counts while an image is pending: power may have failed behind the switch to it.
        """
        active = journal.active
        if journal.state == PENDING:
            found = self.load(spare(active)) if self.holds_running(spare(active)) else None
            return OTHER if found is not None and found.identity == journal.identity else RIGHT
        if journal.state == TRIAL:
            if self.bank(active) is None:
                return RIGHT
            if not self.holds_running(active):
                return OTHER
            found = self.load(active)
            return KEPT if found is not None and found.confirmed else RIGHT
        if active and not self.at_hand(active) and self._fits(spare(active)):
            return OTHER
        return RIGHT

    def follow(self, journal, settings):
        """Make the record's fields say what runs() has found: the other slot's firmware."""
        journal.active = spare(journal.active)
        if journal.state == PENDING:
            self.begin_trial(journal, settings)

    def begin_trial(self, journal, settings):
        """A firmware is on trial for `trial_runs`, or for the one boot that the bootloader gives it: its
        clean end is the last of all that are asked for."""
        once = self.banks.once
        journal.state = TRIAL
        journal.trial_left = 1 if once else settings.trial_runs
        journal.clean_runs = max(0, settings.confirm_after_runs - 1) if once else 0
        journal.running = journal.unclean = 0

    def at_hand(self, slot):
        """Whether the slot's app can be started without another firmware."""
        return slot != 0 and (self.bank(slot) is None or self.holds_running(slot))

    def holds_running(self, slot):
        """Whether what runs is the slot's own firmware, which goes when its trial has failed."""
        label = self.bank(slot) if slot else None
        return label is not None and self.banks.fits(label)

    def leave(self, slot):
        """The slot's trial has failed: if its firmware runs, the next reset starts the other one. OSError."""
        if self.holds_running(slot):
            self.banks.leave()

    def vouch(self, slot):
        """Keep the slot's firmware: first its mark, by which a boot knows that the rest was meant.

        LocalError `slot-fault`, `flash-fault`.
        """
        if not self.holds_running(slot):
            return
        self.confirm(slot)
        try:
            self.banks.keep()
        except OSError as error:
            raise LocalError("flash-fault", "the firmware can't be kept (%s)" % error) from None

    def brings(self, slot, path):
        """As Slots.brings(); what is frozen into a slot's firmware has a relative path, and came with it."""
        return super().brings(slot, path) or (not path.startswith("/") and self.bank(slot) is not None)

    def _fits(self, slot):
        found = self.load(slot)
        return found is not None and found.confirmed and self.at_hand(slot)
