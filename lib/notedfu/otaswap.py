"""The swap where the target is `ota`: a firmware goes into the partition that does not run, with the app.

An app's own image goes the way of every other board.
"""

from notedfu import swap
from notedfu.container import HEADER_SIZE, parse_header, tail_size
from notedfu.errors import ImageError, LocalError, TransferError
from notedfu.image import Image, Nowhere
from notedfu.otaslots import BANK, BOTH, FIRMWARE
from notedfu.otastage import PAGE, OtaStage
from notedfu.slotfiles import Sums
from notedfu.slots import spare
from notedfu.slotwriter import SlotWriter
from notedfu.staging import staging
from notedfu.tlvs import parse_tail
from notedfu.untar import Untar

_PIECE = 512  # bytes of the app copied at a time
_BIN = "firmware.bin"  # the first file of an archive with both


def install(boot):
    """As swap.install(), with one more step at its end: the bootloader is told to start the new firmware.

    Order on flash: the spare slot is emptied; the firmware is written but for its first page; its digest must
    be the one that was verified; first page; app; manifest; the switch; TRIAL. Raises as swap.install() does.
    """
    source = staging(boot.port, boot.settings, boot.clock)
    kind = _kind(source, boot.journal.length)
    if kind not in (FIRMWARE, BOTH):
        swap.install(boot)
        return
    journal, slots = boot.journal, boot.slots
    slot = spare(journal.active)
    swap.mark(slots, journal.active)
    writer = SlotWriter(slots, slot, boot.clock)
    try:
        image = _bring(boot, source, writer, kind == BOTH)
        if kind == FIRMWARE:
            _take_app_along(slots, journal.active, writer, boot.clock)
        _name_bank(slots, writer)
        writer.seal(image.head, image.protected, journal.identity)
    except BaseException:
        writer.abandon()
        raise
    slots.banks.switch()
    journal.active = slot
    slots.begin_trial(journal, boot.settings)
    journal.save()


def _kind(source, length):
    """What is staged says of itself what it is; if nothing can be read of it, the other way finds out why."""
    try:
        source.reopen(length)
        head = bytearray(HEADER_SIZE)
        source.readinto(0, memoryview(head))
        header = parse_header(head)
        tail = bytearray(tail_size(header, length))
        source.readinto(header.tail, memoryview(tail))
        return parse_tail(tail, len(tail), header).kind
    except (ImageError, LocalError):
        return None


class Parts:
    """What Untar writes to: the firmware goes to `bank`, all other files to `writer`."""

    def __init__(self, bank, writer):
        self._bank = bank
        self._writer = writer
        self._members = 0
        self._into = bank
        self.begin = writer.begin

    def folder(self, path):
        self._count(path)
        self._writer.folder(path)

    def open(self, path, size):
        self._count(path)
        self._into = self._bank if path == _BIN else self._writer
        if path != _BIN:
            self._writer.open(path, size)

    def feed(self, buf, start, end):
        self._into.feed(buf, start, end)

    def close(self):
        if self._into is self._writer:
            self._writer.close()

    def _count(self, path):
        """The firmware lies where it has to be, in front, and once."""
        self._members += 1
        if (path == _BIN) != (self._members == 1):
            raise ImageError("bad-tar", "%s must come first" % _BIN)


def _bring(boot, source, writer, both):
    """The staged firmware into the spare partition, its first page last; returns the Image.

    Where it was staged in that very partition, it is there but for that page. With `both`, an app goes into
    the slot on the way.
    """
    journal = boot.journal
    bank = boot.slots.banks.writer(boot.clock)
    in_place = isinstance(source, OtaStage)
    sink = Nowhere() if in_place else bank
    if both:
        sink = Untar(Parts(sink, writer), boot.clock)
        sink.begin(journal.length)
    else:
        writer.begin()
    image = Image(sink, boot.port.sha256)
    if not in_place:
        bank.begin()
    page = bytearray(boot.settings.page)
    try:
        swap.read_through(source, image, journal.length, page, boot.clock)
        if both:
            sink.finish()
    except ImageError:  # as in swap.py: a flipped bit can look like any defect
        swap.check_digest(source, Image(Nowhere(), boot.port.sha256), journal, page, boot.clock)
        raise
    if image.digest != journal.identity:
        raise TransferError("staging-damaged", "what is staged is not what was verified")
    if in_place:
        bank.first = bytearray(PAGE)
        source.readinto(PAGE, memoryview(bank.first))
    bank.finish()
    return image


def _take_app_along(slots, active, writer, clock):
    """Copy the app that runs, whole, into the slot that is being filled."""
    if not active:
        return
    files = []
    sums = Sums(clock)

    def take(path, size, crc):
        files.append((path, size))
        return sums.agree(path, size, crc)

    if slots.examine(active, take) is None:
        raise LocalError("slot-fault", "the app to be taken along is not whole")
    made = set()
    for path, size in files:
        name = path[len(slots.path(active)) + 1 :]
        if name != BANK:
            _make_folders(name, made, writer)
            _copy(path, name, size, writer)


def _make_folders(name, made, writer):
    parts = name.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        folder = "/".join(parts[:depth])
        if folder not in made:
            made.add(folder)
            writer.folder(folder)


def _copy(path, name, size, writer):
    page = bytearray(_PIECE)
    writer.open(name, size)
    with open(path, "rb") as file:
        count = file.readinto(page)
        while count:
            writer.feed(page, 0, count)
            count = file.readinto(page)
    writer.close()


def _name_bank(slots, writer):
    label = slots.banks.other
    writer.open(BANK, len(label))
    writer.feed(label, 0, len(label))
    writer.close()
