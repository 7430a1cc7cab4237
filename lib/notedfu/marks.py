"""The confirmed marks: where they lie, and how they are written. docs/SPEC.md, "A slot".

Beside its slot a mark is a file of its own, rewritten in place. On FAT that would rewrite the folder in which
both slots and the journal lie, which a cut can tear: there both slots' marks lie in each of two copies, which
are laid out as the journal's are.
"""

from notedfu import journalfiles
from notedfu.glance import RECORD_SIZE

_A, _B = 1, 2  # as slots has them
_NONE = b"\xff\xff\xff\xff"
_SIZE = len(_NONE)


def on_fat(slots, slot, crc):
    """Whether a copy has the slot's mark for the manifest with this crc32 (4 bytes)."""
    at = _SIZE * (slot - _A)
    for place in journalfiles.MARKS:
        if _read(slots, place)[at : at + _SIZE] == crc:
            return True
    return False


def put(slots, slot, crc):
    """Set the slot's mark. In place, where there is one: that needs no room. OSError."""
    path = slots.path(slot) + ".confirmed"
    try:
        file = open(path, "r+b")
    except OSError:
        if slots.tears():
            _put_on_fat(slots, slot, crc)
            return
        file = open(path, "wb")  # somebody has removed it
    with file:
        file.write(crc)


def clear(slots, slot):
    """The mark that a new manifest begins with, while there is none. OSError."""
    if not slots.tears():
        with open(slots.path(slot) + ".confirmed", "wb") as file:
            file.write(_NONE)
        return
    try:
        _make(slots)  # what was torn: the allocation table is being written anyway
    except OSError:
        pass  # full: one copy will do
    _put_on_fat(slots, slot, _NONE)


def _put_on_fat(slots, slot, crc):
    beside = slots.listed(_A + _B - slot)  # its list of keys counts without its files
    kept = beside.crc if beside is not None and beside.confirmed else _NONE
    both = crc + kept if slot == _A else kept + crc
    if not _write(slots, both):
        _make(slots)
        if not _write(slots, both):
            raise OSError("no copy of the marks can be written")


def _write(slots, both):
    """Write both marks into each copy; returns whether one at least has read back."""
    done = False
    for place in journalfiles.MARKS:
        if _read(slots, place) != both:
            try:
                with open(_path(slots, place), "r+b") as file:
                    file.write(both)
            except OSError:
                continue  # torn: put() asks for the other copy
        done = _read(slots, place) == both or done
    return done


def _make(slots):
    journalfiles.create(slots.root + "/journal", RECORD_SIZE, slots.erase_block)


def _read(slots, place):
    try:
        with open(_path(slots, place), "rb") as file:
            return file.read(2 * _SIZE)
    except OSError:
        return b""


def _path(slots, place):
    return slots.root + "/journal" + place + "/record"
