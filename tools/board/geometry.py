"""What the board's flash looks like."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Geometry:
    """The filesystem lies at the start of the flash, the raw staging region behind it. All in bytes."""

    filesystem: int = 1 << 20
    staging: int = 1792 << 10
    erase_block: int = 4096
    program_unit: int = 256
    fs: str = "lfs2"  # or "fat"
    kind: str = "rp2"  # kinds.py

    @property
    def size(self):
        return self.filesystem + self.staging

    @property
    def nvm(self):
        """Bytes of microcontroller.nvm, in a file of their own; rp2 has as many."""
        return 4096 if self.kind.startswith("circuitpython") else 0

    @property
    def fs_blocks(self):
        return self.filesystem // self.erase_block
