"""What a device would say to an image: the library's own reader and judge, run on this computer."""

import hashlib

from notedfu.clock import Clock
from notedfu.errors import DfuError
from notedfu.image import Image, Nowhere
from notedfu.settings import Settings
from notedfu.tlvs import KIND
from notedfu.untar import Untar
from tools.image import container

_KINDS = (b"slots", b"romfs", b"esp32", b"esp32+slots")


CLOCK = Clock(lambda: 0, lambda later, earlier: 0, lambda ms: None)  # nothing waits here


class _Files:
    """What Untar writes to where nothing is kept."""

    def begin(self):
        """A new archive."""

    def folder(self, path):
        """A folder in it."""

    def open(self, path, size):
        """A file in it."""

    def feed(self, buf, start, end):
        """The file's bytes."""

    def close(self):
        """The file's end."""


def read(path, tar=None):
    """Reads the image as a device does, all of it; its payload, if it is a tar, goes through `tar`.

    Returns the library's Image; raises ImageError for what no device would take.
    """
    size = container.size(path)
    packed = container.first(container.read(path).protected, KIND) != b"esp32"
    sink = (tar or Untar(_Files(), CLOCK)) if packed else Nowhere()
    image = Image(sink, hashlib.sha256)
    if packed:
        sink.begin(size)
    image.begin(size)
    for piece in container.pieces(path, 0, size):
        image.feed(piece, 0, len(piece))
    image.finish()
    if packed:
        sink.finish()
    return image


def keys_in(settings_path):
    """The keys that notedfu.json trusts, as texts; none if a device would not read it either."""
    return list(Settings().load(settings_path).keys)


def policy(settings):
    """The demands that these settings make of an image; raises SettingsError."""
    from notedfu.keys import parse_key, parse_uuid
    from notedfu.verdict import Policy

    if settings.error:
        raise settings.error
    made = Policy()
    made.keys = [parse_key(text) for text in settings.keys]
    made.allow_unsigned = settings.allow_unsigned
    made.class_id = parse_uuid(settings.class_id) if settings.class_id else None
    made.kinds = _KINDS
    return made


def answer(path, settings_path, running, counter):
    """In one line, what a device with this notedfu.json would do that runs version `running` (numbers, or
    None) and holds the security counter `counter`.
    """
    from notedfu.verdict import Signatures, judge

    try:
        demands = policy(Settings().load(settings_path))
        demands.running, demands.counter = running, counter
        image = read(path)
        signed = judge(image.header, image.tlvs, demands, Signatures(hashlib.sha256, CLOCK.tick))
    except DfuError as error:
        return "refuse it, with " + str(error)
    return "install it, signed by a key that it trusts" if signed else "install it, unsigned as it is"
