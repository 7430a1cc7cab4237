"""The marker in an image, firmware::info:{...}, by which Notehub knows its version."""

import json

from notedfu.errors import ImageError

_MARKER = b"firmware::info:"

# What dfu.status takes as a version, and no other (dev.blues.io, dfu.status, version).
_VERSION_KEYS = (
    "org",
    "product",
    "description",
    "version",
    "built",
    "ver_major",
    "ver_minor",
    "ver_patch",
    "ver_build",
    "builder",
)
_NUMBERS = ("ver_major", "ver_minor", "ver_patch", "ver_build")


def check_marker(header, tlvs):
    """Refuse a marker whose version is not the header's, so that Notehub shows what will run."""
    facts = info(tlvs)
    for name, number in zip(_NUMBERS, header.version):
        if facts.get(name, number) != number:
            raise ImageError("bad-marker", "%s %s, header says %d" % (name, facts[name], number))
    short = "%d.%d.%d" % header.version[:3]
    text = facts.get("version", short)
    if text != short and text != short + "+%d" % header.version[3]:
        raise ImageError("bad-marker", "version %s, header says %s" % (text, short))


def told(manifest):
    """What dfu.status is told of the app that runs: its marker's facts; where there are none, or by cable
    came some that no download would bring, the version in its header. Raises nothing."""
    try:
        check_marker(manifest, manifest)
        facts = info(manifest)
    except ImageError:
        facts = None
    return facts or "%d.%d.%d+%d" % manifest.version


def info(tlvs):
    """Return what the marker says, as dfu.status takes it, {} without one; ImageError `bad-marker`."""
    marker = tlvs.marker
    if marker is None:
        return {}
    if not marker.startswith(_MARKER) or marker.find(b"\0") != len(marker) - 1:
        raise ImageError("bad-marker", "it is not firmware::info:{...} and a NUL")
    try:
        facts = json.loads(marker[len(_MARKER) : -1])
    except ValueError:
        raise ImageError("bad-marker", "what follows firmware::info: is no JSON") from None
    if not isinstance(facts, dict):
        raise ImageError("bad-marker", "what follows firmware::info: is no JSON object")
    return {name: facts[name] for name in _VERSION_KEYS if name in facts}
