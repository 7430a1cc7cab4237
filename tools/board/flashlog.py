"""What the flash chip was told to do, by the log of device/chip.py; and the cut to come."""

import os
import struct
import tempfile
from collections import Counter

PLAN_SIZE = 32
_RECORD = struct.Struct("<cxxxI")


class FlashLog:
    """Two nameless files that the board's processes inherit: the log and the plan of the next cut."""

    def __init__(self):
        self._log = tempfile.TemporaryFile()
        self._plan = tempfile.TemporaryFile(buffering=0)
        self.plan_fd = self._plan.fileno()
        self.log_fd = os.open("/proc/self/fd/%d" % self._log.fileno(), os.O_RDWR | os.O_APPEND)
        self.disarm()

    @property
    def operations(self):
        """Erases and programs since the Board was made."""
        return os.fstat(self.log_fd).st_size // _RECORD.size

    def arm(self, at_operation, how, seed):
        """Let the power fail at that operation (numbered like `operations`, from 1)."""
        text = b"%d %s %d" % (at_operation, how.encode(), seed)
        os.pwrite(self.plan_fd, text.ljust(PLAN_SIZE), 0)

    def disarm(self):
        os.pwrite(self.plan_fd, b" " * PLAN_SIZE, 0)

    def counts(self):
        """operations, erases, programs, programmed_bytes, erases_by_block."""
        records = _RECORD.iter_unpack(os.pread(self.log_fd, os.fstat(self.log_fd).st_size, 0))
        records = list(records)
        blocks = Counter(value for letter, value in records if letter == b"E")
        programs = [value for letter, value in records if letter == b"P"]
        return {
            "operations": len(records),
            "erases": sum(blocks.values()),
            "programs": len(programs),
            "programmed_bytes": sum(programs),
            "erases_by_block": dict(blocks),
        }

    def close(self):
        os.close(self.log_fd)
        self._log.close()
        self._plan.close()
