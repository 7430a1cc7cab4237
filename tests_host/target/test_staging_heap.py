"""append() and readinto() of staging allocate nothing once they are warm."""

import micropython

from notedfu.filestage import FileStage
from notedfu.flashstage import FlashStage
from scratch import Scratch
from virtual import VirtualTime

BLOCK = 4096
PAGES = 6


class Echo:
    """A device that reads back what pages of zeros and marks leave, and allocates nothing."""

    def __init__(self):
        self._content = bytearray(256)

    def readblocks(self, block, buf, offset):
        buf[: len(buf)] = self._content if len(buf) == 256 else buf
        return 0

    def writeblocks(self, block, buf, offset):
        for at in range(256):
            self._content[at] = buf[at]
        return 0

    def ioctl(self, operation, argument):
        if operation == 4:
            return 16
        return BLOCK if operation == 5 else 0


def rounds(stage, page, count):
    """Append `page` so often with the heap locked; MemoryError tells of an allocation."""
    stage.append(page)
    micropython.heap_lock()
    try:
        for _ in range(count):
            stage.append(page)
    finally:
        micropython.heap_unlock()


def reads(stage, page):
    stage.readinto(0, page)
    micropython.heap_lock()
    try:
        stage.readinto(0, page)
    finally:
        micropython.heap_unlock()


def test_a_page_into_the_flash_region_allocates_nothing():
    for size in (256, 1024, 4096, 8192):
        stage = FlashStage(Echo(), VirtualTime().clock())
        stage.begin(size * PAGES)
        page = memoryview(bytearray(size))
        rounds(stage, page, PAGES - 1)
        if size <= BLOCK:
            reads(stage, page)


def test_a_page_into_the_staging_file_allocates_nothing():
    with Scratch() as folder:
        stage = FileStage(folder + "/staging.img", VirtualTime().clock())
        stage.begin(4096 * PAGES)
        page = memoryview(bytearray(4096))
        rounds(stage, page, PAGES - 1)
        stage.commit()
        reads(stage, page)
