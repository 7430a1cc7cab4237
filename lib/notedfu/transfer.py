"""One image's way from the Notecard to verified bytes in staging, a page at a time."""

from binascii import hexlify

from notedfu.crc32 import Crc32
from notedfu.errors import ImageError, TransferError


class Transfer:
    """Download, resume and verification of one image of `total` bytes.

    step() does one page of whatever is next and returns True while there is more. The page buffer is
    dfu.page.
    """

    def __init__(self, dfu, total, offer, staging, boot):
        self.total = total
        self._dfu = dfu
        self._offer = offer
        self._staging = staging
        self._port = boot.port
        self._clock = boot.clock
        self._md5 = boot.port.md5() if offer.md5 else None
        self._crc = Crc32()
        self._view = memoryview(dfu.page)
        self._short = memoryview(b"")
        self._at = 0  # bytes of the prefix that are summed again, later bytes that are verified
        self._asked = 0  # bytes that are asked for and not fetched yet
        self._image = None
        self._verdict = None  # the ImageError that the bytes on flash have earned
        self._next = self._rehash

    @property
    def done(self):
        """Bytes safely in staging."""
        return self._staging.length

    @property
    def lag(self):
        """Bytes at the end of what is in staging that a resume would fetch again."""
        return self._staging.lag

    @property
    def asks(self):
        """Whether a request is on its way: the bus is not idle, and the next step takes its reply."""
        return self._asked > 0

    def open(self, resuming):
        """Make staging ready: for the rest of an earlier download if `resuming` is its length, else anew."""
        length = self.total
        if resuming != length or not self._staging.resume(length):
            self._staging.begin(length)

    def step(self, hurry):
        """Do one page; False when all is verified. hurry(): whether the bus must be idle afterwards."""
        self._next = self._next(hurry)
        return self._next is not None

    def stop(self):
        """Leave no request on the way: the reply of one that was sent early is taken and dropped."""
        if self._asked:
            self._asked = 0
            self._dfu.finish_get()

    def _cut(self, count):
        if count == len(self._view):
            return self._view
        if count != len(self._short):
            self._short = self._view[:count]
        return self._short

    def _sum(self, count):
        self._crc.update(self._dfu.page, 0, count)
        if self._md5 is not None:
            self._md5.update(self._cut(count))

    def _read(self, limit):
        """Read the next page of staging from self._at; returns its count."""
        count = min(len(self._view), limit - self._at)
        self._staging.readinto(self._at, self._cut(count))
        self._at += count
        self._clock.tick()
        return count

    def _rehash(self, hurry):
        """The prefix that an earlier run left goes into the sums."""
        if self._at < self._staging.length:
            self._sum(self._read(self._staging.length))
            return self._rehash
        return self._download

    def _download(self, hurry):
        length, have = self.total, self._staging.length
        if have == length:
            return self._check
        if not self._asked:
            self._asked = self._dfu.begin_get(have, length - have)
        count = self._asked
        self._asked = 0
        self._dfu.finish_get()
        # where the link holds the reply, the Notecard prepares the next page while this one is programmed
        rest = length - have - count
        if rest and self._dfu.holds_reply and not hurry():
            self._asked = self._dfu.begin_get(have + count, rest)
        self._sum(count)
        self._staging.append(self._cut(count))
        return self._download

    def _check(self, hurry):
        """All bytes are there: are they those that the Notecard was given?"""
        self._staging.commit()
        crc32, md5 = self._offer.crc32, self._offer.md5
        found = self._crc.value()
        if crc32 is not None and found != crc32:
            raise TransferError("bad-crc32", "0x%08x arrived, 0x%08x was sent" % (found, crc32))
        if self._md5 is not None:
            have = hexlify(self._md5.digest()).decode()
            if have != md5:
                raise TransferError("bad-md5", "%s arrived, %s was sent" % (have, md5))
        from notedfu.image import Image, Nowhere

        self.image_crc32 = found
        self._at = 0
        self._image = Image(Nowhere(), self._port.sha256)
        self._image.begin(self.total)
        return self._verify

    def _verify(self, hurry):
        """Read back from flash: the SHA-256 of what is there is what counts.

        Where the offer came without sums, nothing has vouched for the way of the bytes yet: what is wrong
        with them is the transfer's fault before it is the image's. Where it had some, flash's comes first.
        """
        try:
            return self._verify_page()
        except ImageError as error:
            if self._offer.crc32 is None and self._md5 is None:
                raise TransferError(error.code, error.text) from None
            self._verdict = error
        self._at = 0
        self._crc.reset()
        return self._doubt

    def _doubt(self, hurry):
        """The verdict on what is on flash is one on the image only if those are the bytes that came."""
        if self._at < self.total:
            count = self._read(self.total)
            self._crc.update(self._dfu.page, 0, count)
            return self._doubt
        if self._crc.value() != self.image_crc32:
            raise TransferError("staging-damaged", "what is staged is not what came")
        raise ImageError(self._verdict.code, self._verdict.text)

    def _verify_page(self):
        count = self._read(self.total)
        self._image.feed(self._dfu.page, 0, count)
        if self._at < self.total:
            return self._verify
        self._image.finish()
        self.image = self._image.arrived()
        self._image = None
        return None
