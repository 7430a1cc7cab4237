"""What a device would say to an image: the library's own reader and judge, run on this computer."""

import hashlib

from notedfu.errors import DfuError
from notedfu.image import Image, Nowhere
from notedfu.settings import Settings
from tools.image import container

_KINDS = (b"slots", b"esp32")


def _tick():
    """Nothing waits here for a watchdog to be fed."""


def read(path):
    """Reads the image as a device does, all of it; raises ImageError for what no device would take."""
    image = Image(Nowhere(), hashlib.sha256)
    size = container.size(path)
    image.begin(size)
    for piece in container.pieces(path, 0, size):
        image.feed(piece, 0, len(piece))
    image.finish()
    return image


def keys_in(settings_path):
    """The keys that notedfu.json trusts, as texts; none if a device would not read it either."""
    return list(Settings().load(settings_path).keys)


def policy(settings):
    """The demands that these settings make of an image; raises SettingsError."""
    from notedfu.verdict import Policy, parse_key, parse_uuid

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
        signed = judge(image.header, image.tlvs, demands, Signatures(hashlib.sha256, _tick))
    except DfuError as error:
        return "refuse it, with " + str(error)
    return "install it, signed by a key that it trusts" if signed else "install it, unsigned as it is"
