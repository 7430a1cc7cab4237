"""Staging in the OTA partition that does not run, laid out so that a firmware is in its place at once.

The image's header and the firmware's first page, without which the bootloader starts nothing there, wait in a
file; all that follows lies in the partition where the bootloader wants it, a page behind its beginning.
"""

from notedfu.errors import ImageError, LocalError
from notedfu.filestage import FileStage
from notedfu.flashstage import FlashStage

PAGE = 4096  # bytes: an erase block, the header of a firmware's image, and what is held back of its payload
HEAD = 2 * PAGE  # bytes in the file

_COUNT = 4
_ERASE = 6


def done(function, *arguments):
    """Call a block device's function; LocalError `flash-fault` for an error that it raises or returns."""
    try:
        answer = function(*arguments)
    except OSError as error:
        answer = error
    if answer is not None and answer != 0:
        raise LocalError("flash-fault", "the firmware's slot: %s" % answer)


class Behind:
    """A block device without its first block."""

    def __init__(self, device):
        self._device = device

    def readblocks(self, block, buf, offset=0):
        return self._device.readblocks(block + 1, buf, offset)

    def writeblocks(self, block, buf, offset):
        return self._device.writeblocks(block + 1, buf, offset)

    def ioctl(self, operation, argument):
        if operation == _ERASE:
            argument += 1
        answer = self._device.ioctl(operation, argument)
        return answer - 1 if operation == _COUNT else answer


class OtaStage:
    """Staging in the file `path`, 8192 bytes, and in `device` from its second block on.

    As FileStage and FlashStage; append() and readinto() allocate views where a page lies on both sides.
    """

    def __init__(self, device, path, clock):
        self._device = device
        self._head = FileStage(path, clock)
        self._rest = FlashStage(Behind(device), clock)

    @property
    def reserve(self):
        """Bytes of the filesystem that the target needs for itself; may be set before begin()."""
        return self._head.reserve

    @reserve.setter
    def reserve(self, count):
        self._head.reserve = count

    @property
    def lag(self):
        """Bytes of `length` that a resume may give up."""
        return self._rest.lag

    @property
    def capacity(self):
        """Bytes of the longest image that begin() takes."""
        return HEAD + self._rest.capacity if self._head.capacity >= HEAD else 0

    @property
    def length(self):
        """Bytes safely there."""
        return self._head.length + self._rest.length

    def begin(self, length):
        """Be ready for an image of `length` bytes; ImageError `too-large`, LocalError `no-room` before that.

        The firmware that lay there goes with its first page.
        """
        most = HEAD + self._rest.capacity
        if length > most:
            raise ImageError("too-large", "staging takes %d bytes, the image has %d" % (most, length))
        self._head.begin(min(length, HEAD))
        done(self._device.ioctl, _ERASE, 0)
        self._rest.begin(max(0, length - HEAD))

    def resume(self, length):
        """Find the prefix that a reset left; see FlashStage. Without a head there is none."""
        if not self._head.resume(min(length, HEAD)):
            self._rest.length = 0
            return 0
        self._rest.resume(max(0, length - HEAD))
        if self._head.length < HEAD:
            self._rest.length = 0
        return self.length

    def reopen(self, length):
        """Take the image of `length` bytes that commit() left; LocalError `staging-lost`."""
        self._head.reopen(min(length, HEAD))
        self._rest.reopen(max(0, length - HEAD))

    def append(self, view):
        """Write the next bytes, and see them safely there. LocalError."""
        missing = HEAD - self._head.length
        if missing <= 0:
            self._rest.append(view)
        elif len(view) <= missing:
            self._head.append(view)
        else:
            self._head.append(view[:missing])
            self._rest.append(view[missing:])

    def commit(self):
        """The image is complete. LocalError `flash-fault`."""
        self._head.commit()
        self._rest.commit()

    def readinto(self, offset, view):
        """Fill `view` with what is staged from `offset` on. LocalError `flash-fault`."""
        inside = HEAD - offset
        if inside <= 0:
            self._rest.readinto(offset - HEAD, view)
        elif len(view) <= inside:
            self._head.readinto(offset, view)
        else:
            self._head.readinto(offset, view[:inside])
            self._rest.readinto(0, view[inside:])

    def discard(self):
        """Forget what is staged."""
        self._head.discard()
        self._rest.discard()
