"""The boot record, in two copies that are written in turn. docs/SPEC.md draws its bytes.

Each copy has a folder of its own, so that on LittleFS each lies in its own metadata pair, and on FAT a torn
directory takes one copy with it at most; a third place, on FAT alone, is written then instead. Copies are
rewritten in place and need no room: on LittleFS a small file lies in its folder's metadata, and where it does
not (program unit of 32 bytes, littlefs lfs.c `inline_max`), a reserve file gives its block up while the copy
is written.
"""

import os
import struct

from notedfu.const import const
from notedfu.errors import LocalError
from notedfu.glance import RECORD_SIZE as SIZE
from notedfu.glance import crc32, valid

IDLE = 0
STAGING = 1  # the last one in which the installed app runs as ever
PENDING = 2
TRIAL = 3

NONE = 0
INSTALLED = 1
REFUSED = 2

# flags
DFU_MODE = 1  # the Notecard was told to enter DFU mode
RETRIED = 2  # the image has had its one whole new download
CONSENT = 4  # the pending image may be swapped in, where the settings say `install: ask`
UNBLOCKED = 8  # the setting `unblock` has done its work
ALONE = 16  # the heap was too full for the offered image: the next boot fetches it without the app
ALONE_ONCE = 32  # one of the boots, three at most, that have tried so for it
ALONE_BOOTS = 96

GOOD = "good"
FRESH = "fresh"
LOST = "lost"

_FORMAT = "<4sIBBBBBBBBIII32sBII32s64s36sI"  # all but the crc32 at the end
_TEXT = const(64)
_KEY = const(8)  # bytes of an identity in the list of failures; each entry has one more byte, the tries
_ENTRIES = const(4)
_PLACES = const(3)  # for the copies; the last one is on FAT alone
_ENOENT = const(2)
_ENOSPC = const(28)


def follows(sequence, other):
    """Whether the record with the number `sequence` is the later one: the number wraps."""
    return (sequence - other) & 0x80000000 == 0


class Journal:
    """The record's fields as attributes, and where they are kept.

    folder: the journal's own, without a slash at its end. erase_block: bytes; on FAT each copy is as long as
    that, so that nothing else shares its erase block.

    `condition` after load(): GOOD, FRESH (nothing was ever written) or LOST (both copies are damaged).
    """

    def __init__(self, folder, erase_block=4096):
        self._folder = folder
        self._erase_block = erase_block
        self.clear()

    def clear(self):
        """Every field as on a board that was never updated; neither copy counts as good."""
        self._unpack(bytes(SIZE))
        self.condition = FRESH
        self._whole = []  # the places of valid copies, the latest first
        self._bad = [0, 1]  # the other places

    def create(self):
        """Make what is missing of the files; changes nothing that is there. OSError when there is no room."""
        from notedfu import journalfiles

        journalfiles.create(self._folder, SIZE, self._erase_block)

    def load(self):
        """Read the copy that counts into the fields, and set `condition`."""
        self.clear()
        self._bad = []
        numbers = []  # of the valid copies, the latest first
        for copy in range(_PLACES):
            record = self._read(copy)
            if not valid(record):
                if record or copy < 2:
                    self._bad.append(copy)
                if record.strip(b"\xff") and record.strip(b"\x00"):
                    self.condition = LOST
                continue
            number = struct.unpack_from("<I", record, 4)[0]
            at = 0
            while at < len(numbers) and not follows(number, numbers[at]):
                at += 1
            numbers.insert(at, number)
            self._whole.insert(at, copy)
            if at == 0:
                self._unpack(record)
        if self._whole:
            self.condition = GOOD

    def repair(self):
        """Write an invalid copy anew from the good one; that there is nothing to do is the usual case.

        Call after load() and before anything is decided. Raises LocalError `journal-fault`.
        """
        if not self._whole:
            return
        if len(self._whole) < 2:
            copy = self._put(self._bad, self._pack(self.sequence))
            self._whole.append(copy)
            self._bad.remove(copy)
        try:
            reserve = os.stat(self._folder + "/reserve")[6]
        except OSError:
            reserve = 0
        if reserve < self._erase_block:
            self._make_reserve()

    def save(self):
        """Commit the fields as one step: after a power cut the record is the old or the new one.

        Raises LocalError `journal-fault` if it can't be written or does not read back; the good copy is
        never touched before another one is valid.
        """
        sequence = (self.sequence + 1) & 0xFFFFFFFF
        copy = self._put(self._whole[1:][::-1] + self._bad, self._pack(sequence))
        self.sequence = sequence
        self._whole.insert(0, copy)
        self._bad.remove(copy)  # last: after a Ctrl-C in here it is a place still
        self.condition = GOOD

    def waiting(self):
        """The fields as the record after the one on flash, for a port to keep() until it can be written.

        In front of it stands the crc of the record that it follows: there it belongs, and nowhere else.
        """
        return self._followed() + self._pack((self.sequence + 1) & 0xFFFFFFFF)

    def adopt(self, kept):
        """Take the fields of `kept`, from waiting(), if it follows the record on flash.

        Returns whether it does.
        """
        record = kept[4 : 4 + SIZE]
        if not self._whole or not valid(record) or kept[:4] != self._followed():
            return False
        sequence = self.sequence
        self._unpack(record)
        self.sequence = sequence
        return True

    def set_outcome(self, outcome, text):
        """Remember what became of the image that the record is about, for the report; offered again, it has a
        whole new download again."""
        self.flags &= ~RETRIED
        self.outcome = outcome
        self.outcome_length = self.length
        self.outcome_crc32 = self.image_crc32
        self.outcome_identity = self.identity
        self.outcome_text = text

    def failures(self, identity):
        """How often the image with this identity has failed."""
        for entry in self._entries():
            if entry[:_KEY] == identity[:_KEY]:
                return entry[_KEY]
        return 0

    def count_failure(self, identity):
        """Count one more failure (255 at most); the one that failed longest ago makes room."""
        tries = min(self.failures(identity) + 1, 255)
        kept = [entry for entry in self._entries() if entry[:_KEY] != identity[:_KEY]]
        kept.append(identity[:_KEY] + bytes((tries,)))
        self._failed = b"".join(kept[-_ENTRIES:])

    def clear_failures(self):
        """Forget all that failed."""
        self._failed = b""

    def _entries(self):
        step = _KEY + 1
        entries = [self._failed[at : at + step] for at in range(0, len(self._failed), step)]
        return [entry for entry in entries if entry[_KEY]]

    def _path(self, copy):
        return "%s/%d/record" % (self._folder, copy)

    def _pack(self, sequence):
        text = self.outcome_text.encode()
        end = min(len(text), _TEXT)
        while end < len(text) and text[end] & 0xC0 == 0x80:  # never in the middle of a character
            end -= 1
        body = struct.pack(
            _FORMAT, b"NDJ1", sequence, self.state, self.active, self.swap_left, self.trial_left,
            self.clean_runs, self.unclean, self.running, self.flags, self.counter, self.length,
            self.image_crc32, self.identity, self.outcome, self.outcome_length, self.outcome_crc32,
            self.outcome_identity, text[:end], self._failed, self.version_crc,
        )  # fmt: skip
        return body + struct.pack("<I", crc32(body))

    def _unpack(self, record):
        (
            _, self.sequence, self.state, self.active, self.swap_left, self.trial_left,
            self.clean_runs, self.unclean, self.running, self.flags, self.counter, self.length,
            self.image_crc32, self.identity, self.outcome, self.outcome_length, self.outcome_crc32,
            self.outcome_identity, text, self._failed, self.version_crc,
        ) = struct.unpack_from(_FORMAT, record)  # fmt: skip
        self.outcome_text = text.rstrip(b"\x00").decode()

    def _read(self, copy):
        """A copy's bytes; none if there is no file, and neither valid nor blank if it can't be read."""
        try:
            with open(self._path(copy), "rb") as file:
                return file.read(SIZE)
        except OSError as error:
            return b"" if error.args[0] == _ENOENT else b"?"

    def _followed(self):
        """The crc of the record that counts; none without one."""
        return self._read(self._whole[0])[-4:] if self._whole else b""

    def _put(self, places, record):
        """Write the record into the first of `places` that takes it, and return that. LocalError."""
        try:
            return self._first(places, record)
        except LocalError as error:
            fault = error
        try:
            self.create()  # anew, where FAT has torn all of them
        except OSError:
            raise fault from None
        return self._first(places, record)

    def _first(self, places, record):
        for copy in list(places):
            try:
                self._write(copy, record)
            except LocalError as error:
                fault = error
            else:
                return copy
        raise fault

    def _write(self, copy, record):
        """Rewrite a copy, which counts as bad from here on, until the caller knows better."""
        self._spoil(copy)
        made_way = False
        try:
            try:
                self._rewrite(copy, record)
            except OSError as error:
                if error.args[0] != _ENOSPC:
                    raise
                self._make_way()
                made_way = True
                self._rewrite(copy, record)
        except OSError as error:
            raise LocalError("journal-fault", "the boot record can't be written (%s)" % error) from None
        if self._read(copy) != record:
            raise LocalError("journal-fault", "the boot record does not read back")
        if made_way:
            self._make_reserve()  # of the room that the old record had, before somebody else takes it

    def _spoil(self, copy):
        if copy in self._whole:
            self._whole.remove(copy)
        if copy not in self._bad:
            self._bad.append(copy)

    def _rewrite(self, copy, record):
        with open(self._path(copy), "r+b") as file:
            file.write(record)

    def _make_way(self):
        """Give the reserve up, until the record is written."""
        os.remove(self._folder + "/reserve")

    def _make_reserve(self):
        try:
            self.create()
        except OSError:
            pass  # full at this moment; the copies are valid, the next boot tries again
