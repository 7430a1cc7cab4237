"""Slot A and slot B: which is valid, and where it lies. slotwriter.py fills them."""

import os

from notedfu import glance
from notedfu.errors import LocalError
from notedfu.manifest import Manifest

A = 1
B = 2

# what really runs, as Slots.runs() tells it
RIGHT = "right"
KEPT = "kept"
OTHER = "other"


def _has_size(path, size, _):
    """Whether there is a file of `size` bytes at `path`. OSError."""
    status = os.stat(path)
    return status[6] == size and not status[0] & 0x4000  # S_IFDIR


def _regardless(path, size, crc):
    return True


def other(slot):
    """The slot that `slot` is not."""
    return A + B - slot


def spare(active):
    """The slot to install into while `active` runs; A where nothing does (0)."""
    return other(active) if active else A


class Slots:
    """Both slots below `root`: a/ and b/, and beside each its manifest and its confirmed mark.

    All files in a slot belong to the updater; nothing outside is touched. kinds: of payload that it takes.
    """

    kinds = (b"slots",)
    erase_block = 4096  # bytes, on the boards that put FAT on flash
    firmwares = False  # whether a slot may have one of its own

    def __init__(self, root):
        self.root = root

    def path(self, slot):
        """The folder with the app's files."""
        return self.root + glance.FOLDERS[slot]

    def load(self, slot):
        """The slot's Manifest, or None where it is not valid: crc, and each file there with its size.

        None for slot 0 as well. Allocates a few hundred bytes for each file, for the collector.
        """
        return self.examine(slot, _has_size) if slot else None

    def examine(self, slot, check):
        """As load(), but check(path, size, crc) judges each file."""
        try:
            with open(self.path(slot) + ".manifest", "rb") as file:
                found = glance.read(file, self.path(slot), check)
        except OSError:
            return None
        if found is None:
            return None
        manifest = Manifest(*found)
        manifest.confirmed = self._is_marked(slot, manifest.crc)
        return manifest

    def listed(self, slot):
        """As load(), whatever has become of the files."""
        return self.examine(slot, _regardless)

    def any(self):
        """Whether there is a valid slot."""
        return self.load(A) is not None or self.load(B) is not None

    def confirm(self, slot):
        """Set the confirmed mark, in place where there is one: it needs no room. LocalError `slot-fault`.

        The mark is the manifest's crc32, so it is good for that manifest alone.
        """
        found = self.load(slot)
        if found is None:
            raise LocalError("slot-fault", "slot %s is not valid, nothing to confirm" % "?AB"[slot])
        from notedfu import marks

        try:
            marks.put(self, slot, found.crc)
        except OSError as error:
            raise LocalError("slot-fault", "the confirmed mark can't be written (%s)" % error) from None
        if not self._is_marked(slot, found.crc):
            raise LocalError("slot-fault", "the confirmed mark does not read back")

    def verify(self, slot, clock):
        """As load(), with every file read back against its crc32."""
        from notedfu.slotfiles import Sums

        return self.examine(slot, Sums(clock).agree) if slot else None

    def whole(self, slot, clock):
        """As load(), for a boot that decides what may run: as verify() where a cut tears neighbours."""
        return self.verify(slot, clock) if slot and self.tears() else self.load(slot)

    def tears(self):
        """Whether a cut can take what lies beside what is written: on FAT."""
        from notedfu.fat import is_fat

        return is_fat(self.root)

    def remove(self, slot):
        """Empty the slot: its manifest first, so that it is invalid from then on. OSError."""
        from notedfu.slotfiles import empty

        empty(self.path(slot))

    def room(self, active):
        """Bytes that an app may take in the slot beside `active`; what that slot holds now counts as free."""
        from notedfu import room

        status = os.statvfs(self.root)
        return room.free(status) + self.held(active)

    def room_needed(self, size, count):
        """Bytes that `count` files of together `size` bytes take at most, with all that goes with them."""
        from notedfu import room

        return room.needed(size, count, os.statvfs(self.root)[0])

    def held(self, active):
        """Bytes that the slot beside `active` holds now, and gives back when it is emptied."""
        from notedfu import room

        return room.held(self.path(spare(active)), os.statvfs(self.root)[0], room.DEPTH_LIMIT)

    def runs(self, journal):
        """RIGHT: there is one firmware, and it goes with either slot. otaslots.py has what is different."""
        return RIGHT

    def at_hand(self, slot):
        """Whether the slot, 0 for none, can be started in this boot."""
        return slot != 0

    def holds_running(self, slot):
        """Whether a reset takes away what runs now, if the slot is on trial."""
        return False

    def ready(self, slot, clock):
        """The slot's app is about to start."""

    def leave(self, slot):
        """The slot's trial has failed."""

    def vouch(self, slot):
        """The slot's app is about to be confirmed."""

    def brings(self, slot, path):
        """Whether a module's `path` lies in the slot."""
        return path.startswith(self.path(slot) + "/")

    def _is_marked(self, slot, crc):
        mark = glance.mark(self.path(slot))
        if mark or not self.tears():
            return mark == crc
        from notedfu import marks

        return marks.on_fat(self, slot, crc)
