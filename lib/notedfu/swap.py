"""The swap: the staged image is unpacked into the spare slot, and that slot becomes active on trial."""

from notedfu.errors import ImageError
from notedfu.image import Image
from notedfu.journal import TRIAL
from notedfu.slots import spare
from notedfu.slotwriter import SlotWriter
from notedfu.staging import staging
from notedfu.untar import Untar


def install(boot):
    """Unpack, hash again, seal, and write TRIAL.

    boot: bootup.Boot, with a pending image. The slot becomes active only if the SHA-256 of the very bytes that
    were unpacked is the identity that was verified. Raises ImageError for the image's own faults, LocalError,
    OSError and MemoryError for the board's. Allocates: a page, and the writer's buffers.
    """
    journal, clock = boot.journal, boot.clock
    slot = spare(journal.active)
    source = staging(boot.port, boot.settings, clock)
    if source.resume(journal.length) < journal.length:
        raise ImageError("staging-lost", "%d of %d bytes are in staging" % (source.length, journal.length))
    writer = SlotWriter(boot.slots, slot, clock)
    tar = Untar(writer, clock)
    image = Image(tar, boot.port.sha256)
    unpack(source, image, journal.length, bytearray(boot.settings.page), clock)
    tar.finish()
    if image.tlvs.digest != journal.identity:
        raise ImageError("bad-digest", "staging holds another image than the one that was verified")
    writer.seal(image.raw_header, image.raw_protected, journal.identity)
    journal.state = TRIAL
    journal.active = slot
    journal.trial_left = boot.settings.trial_runs
    journal.clean_runs = journal.running = journal.unclean = 0
    journal.save()


def unpack(source, image, length, page, clock):
    """Read `length` bytes of staging through `image`, a page at a time, and finish it."""
    image.begin(length)
    view = memoryview(page)
    offset = 0
    while offset < length:
        count = min(len(page), length - offset)
        if count < len(page):
            view = memoryview(page)[:count]
        source.readinto(offset, view)
        image.feed(page, 0, count)
        offset += count
        clock.tick()
    image.finish()
