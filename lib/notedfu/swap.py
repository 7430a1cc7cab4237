"""The swap: the staged image is unpacked into the spare slot, and that slot becomes active on trial."""

from notedfu.errors import ImageError, LocalError, TransferError
from notedfu.image import Image, Nowhere
from notedfu.journal import TRIAL
from notedfu.slots import spare
from notedfu.slotwriter import SlotWriter
from notedfu.staging import staging
from notedfu.untar import Untar


def install(boot):
    """Unpack, hash again, seal, and write TRIAL.

    boot: device.Device, with a pending image. The slot becomes active only if the SHA-256 of the very bytes
    that were unpacked is the identity that was verified. Raises ImageError for the image's own faults,
    TransferError where staging no longer holds it, LocalError, OSError and MemoryError for the board's.
    Allocates a page, and the writer's buffers.
    """
    journal, clock = boot.journal, boot.clock
    slot = spare(journal.active)
    mark(boot.slots, journal.active)
    source = _staged(boot)
    writer = SlotWriter(boot.slots, slot, clock)
    try:
        image = _unpack(boot, source, writer)
    except BaseException:
        writer.abandon()
        raise
    writer.seal(image.head, image.protected, journal.identity)
    journal.state = TRIAL
    journal.active = slot
    journal.trial_left = boot.settings.trial_runs
    journal.clean_runs = journal.running = journal.unclean = 0
    journal.save()


def _staged(boot):
    """Staging with the image in it; TransferError without.

    On FAT an older library, or a slot's older download half, has staged it in a file as on LittleFS.
    """
    source = staging(boot.port, boot.settings, boot.clock)
    try:
        try:
            source.reopen(boot.journal.length)
        except LocalError:
            from notedfu.filestage import FileStage

            source = FileStage(boot.data + "/staging.img", boot.clock)
            source.reopen(boot.journal.length)
    except LocalError as error:
        raise TransferError(error.code, error.text) from None
    return source


def mark(slots, active):
    """The mark of the app that ran so far, without which it would be lost if the trial fails. LocalError."""
    running = slots.load(active)
    if running is not None and not running.confirmed:
        slots.confirm(active)


def _unpack(boot, source, writer):
    """Staging through the container into the slot; returns the Image, whose digest is the identity."""
    journal, clock = boot.journal, boot.clock
    page = bytearray(boot.settings.page)
    tar = Untar(writer, clock)
    tar.begin(journal.length)
    image = Image(tar, boot.port.sha256)
    try:
        read_through(source, image, journal.length, page, clock)
        tar.finish()
    except ImageError:
        # a flipped bit can look like any defect of the archive: the verdict stands only if the digest does
        check_digest(source, Image(Nowhere(), boot.port.sha256), journal, page, clock)
        raise
    if image.digest != journal.identity:
        raise _damaged()
    return image


def check_digest(source, image, journal, page, clock):
    """Raise TransferError unless what is staged is what was verified; image: a new Image."""
    try:
        read_through(source, image, journal.length, page, clock)
    except ImageError:
        raise _damaged() from None
    if image.digest != journal.identity:
        raise _damaged()


def _damaged():
    return TransferError("staging-damaged", "what is staged is not what was verified")


def read_through(source, image, length, page, clock):
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
