"""Slots of which each may bring a ROMFS: the target `romfs`, where an app runs in place from mapped flash.

The file in the slot is what counts: it is written, sealed, kept and given up with the slot, as any file. The
board's one ROMFS partition is a copy of it, made anew before the app starts wherever it is not the one that
the active slot brings. So a cut copy is made again, and a revert finds the old app's file whole.
"""

import sys

from notedfu.slots import Slots

ROM = "app.romfs"  # in the slot's folder
ROMFS = b"romfs"  # TLV 0xA1 of an image that brings one
_MARK = "/rom"  # beside the slots: whose copy is whole
_FOLDERS = ("/rom/lib", "/rom")


class RomSlots(Slots):
    """As Slots, with the port's `rom` (docs/PORTING.md)."""

    kinds = Slots.kinds + (ROMFS,)

    def __init__(self, root, rom):
        super().__init__(root)
        self.rom = rom
        self._ready = 0

    def ready(self, slot, clock):
        """Mount what the slot brings, copied into the partition if it is not there. LocalError."""
        if self._ready == slot:
            return
        self._leave_rom()
        found = []

        def note(path, size, crc):
            if path == self.path(slot) + "/" + ROM:
                found.append((path, size, crc))
            return True

        manifest = self.examine(slot, note) if slot else None
        if manifest is None or not found:
            return
        from notedfu.romcopy import START, Copy

        Copy(self.rom, self.root + _MARK, clock).bring(manifest.crc, *found[0])
        self.rom.mount(START)
        self._ready = slot
        for folder in _FOLDERS:
            if folder in sys.path:
                sys.path.remove(folder)
            sys.path.insert(0, folder)

    def brings(self, slot, path):
        """As Slots.brings(), or whether it lies in the slot's ROMFS."""
        return super().brings(slot, path) or (self._ready == slot and path.startswith("/rom/"))

    def _leave_rom(self):
        if not self._ready:
            return
        self._ready = 0
        self.rom.unmount()
        for folder in _FOLDERS:
            while folder in sys.path:
                sys.path.remove(folder)
