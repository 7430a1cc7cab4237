"""All that a person wants to know about an image, in words."""

import json
import tarfile
import uuid
from pathlib import Path

from notedfu import room
from notedfu import tlvs as fields
from tools.failure import Failure
from tools.image import container, imgtool, keys, make, tlvs, version

# What Notehub takes for a host, dev.blues.io "host firmware"; the larger reading of MB and KB.
LIMITS = (("most Notecards", 1536 * 1024), ("Notecard WiFi v2", 900 * 1024))

_UNIT = 4096  # bytes: the unit of most boards' filesystems

_NAMES = {
    fields.SHA256: "SHA-256",
    fields.KEY_HASH: "key hash",
    fields.ECDSA_P256: "P-256 signature",
    fields.ED25519: "Ed25519 signature",
    fields.DEPENDENCY: "requires",
    fields.COUNTER: "security counter",
    fields.VENDOR: "vendor",
    fields.CLASS: "class",
    fields.MARKER: "Notehub's marker",
    fields.KIND: "payload",
    fields.UNPACKED: "unpacked",
    fields.KEYS: "trusted keys",
}


def size_lines(size):
    """The size beside each limit; one line for each."""
    for who, limit in LIMITS:
        verdict = "fits" if size <= limit else "TOO LARGE"
        yield "%s: %s, %.1f %% of %s" % (who, verdict, 100 * size / limit, "{:,}".format(limit))


def room_lines(image):
    """What an app's image asks of a board beside the app that runs: for its files, and while it comes."""
    unpacked = container.first(image.protected, fields.UNPACKED)
    if container.first(image.protected, fields.KIND) == b"esp32":
        yield "a firmware of {:,} bytes: needs an OTA slot as large".format(image.payload_size)
    if unpacked is None or container.first(image.protected, fields.KIND) not in (b"slots", b"romfs"):
        return
    size, count = int.from_bytes(unpacked[:4], "little"), int.from_bytes(unpacked[4:], "little")
    slot = room.needed(size, count, _UNIT)
    staging = -(-image.size // _UNIT) * _UNIT
    yield "unpacks to {:,} bytes in {} files".format(size, count)
    yield "needs {:,} bytes free on the board, {:,} if it stages in raw flash".format(slot + staging, slot)


def _in_words(kind, data):
    if kind == fields.MARKER:
        facts = tlvs.read_marker(data)
        return json.dumps(facts) if facts is not None else "damaged, Notehub would not find it"
    if kind == fields.KIND:
        return data.decode("ascii", "replace")
    if kind == fields.UNPACKED and len(data) == 6:
        return "%d bytes in %d files" % (
            int.from_bytes(data[:4], "little"),
            int.from_bytes(data[4:], "little"),
        )
    if kind == fields.KEYS:
        listed = tlvs.read_trusted(data)
        return " ".join(listed) if listed else "damaged"
    if kind == fields.COUNTER:
        return str(int.from_bytes(data, "little"))
    if kind in (fields.VENDOR, fields.CLASS) and len(data) == 16:
        return str(uuid.UUID(bytes=data))
    if kind == fields.DEPENDENCY and len(data) == 12:
        numbers = (data[4], data[5], *imgtool.pair(data[6:]))
        return "image %d at least %s" % (data[0], version.write(numbers))
    return data.hex()


def agreement(image):
    """Raises Failure unless header, marker and file name name one version."""
    facts = tlvs.read_marker(container.first(image.protected, fields.MARKER) or b"") or {}
    text = version.write(image.version)
    if facts.get("version") != text:
        raise Failure("the header says version %s, the marker says %s" % (text, facts.get("version")))
    if tuple(facts.get(key) for key in ("ver_major", "ver_minor", "ver_patch", "ver_build")) != image.version:
        raise Failure("the header says version %s, the marker's numbers differ" % text)
    version.check_name(Path(image.path).name, image.version)


class Span:
    """A part of a file, to read only: what tarfile needs, and nothing held in memory."""

    def __init__(self, file, start, length):
        self._file, self._left = file, length
        file.seek(start)

    def read(self, count):
        data = self._file.read(min(count, self._left))
        self._left -= len(data)
        return data


def files(image):
    """(path, size) of every file in the payload."""
    with open(image.path, "rb") as file:
        try:
            with tarfile.open(fileobj=Span(file, image.header_size, image.payload_size), mode="r|") as tar:
                for entry in tar:
                    if entry.isfile():
                        yield entry.name, entry.size
        except tarfile.TarError as error:
            raise Failure("the payload is no tar archive: %s" % error) from None


def signature(image, digest, trusted):
    """Whose signature it is, of the keys in `trusted` (settings strings), in one line."""
    hashed = container.first(image.plain, fields.KEY_HASH)
    made = container.first(image.plain, fields.ECDSA_P256) or container.first(image.plain, fields.ED25519)
    if made is None:
        return "none: devices take it only with allow_unsigned and without keys"
    for text in trusted:
        key = keys.public(text)
        if keys.key_hash(key) == hashed:
            good = keys.verifies(key, made, digest)
            return "%s by %s..." % ("good, made" if good else "WRONG, claims to be made", text[:24])
    unknown = "which is none of the %d given" % len(trusted) if trusted else "--key or --settings checks it"
    return "by the key with hash %s..., %s" % ((hashed or b"").hex()[:16], unknown)


def identity_lines(image):
    """Version, sums and limits of the uploaded file."""
    crc, md5 = container.sums(image.path)
    yield "file       %s" % image.path
    yield "version    %s" % version.write(image.version)
    yield "size       {:,} bytes".format(image.size)
    for line in [*size_lines(image.size), *room_lines(image)]:
        yield "           " + line
    yield "crc32      %d (0x%08x)" % (crc, crc)
    yield "md5        %s" % md5


def lines(path, trusted):
    """The whole report, line by line. Raises Failure, after what could be said, if the image is bad."""
    image = container.read(path)
    yield from identity_lines(image)
    digest = container.digest(image)
    claimed = container.first(image.plain, fields.SHA256)
    yield "identity   %s" % digest.hex()
    yield "signature  %s" % signature(image, digest, trusted)
    yield "header     %d bytes, flags 0x%x, payload %d bytes" % (
        image.header_size,
        image.flags,
        image.payload_size,
    )
    for where, area in (("protected", image.protected), ("plain", image.plain)):
        for kind, data in area:
            yield "tlv 0x%02x   %s, %s: %s" % (
                kind,
                where,
                _NAMES.get(kind, "unknown"),
                _in_words(kind, data),
            )
    if claimed != digest:
        raise Failure("the image is damaged: its SHA-256 is not the one that it claims")
    if container.first(image.protected, fields.KIND) != b"esp32":
        for name, size in files(image):
            yield "  %9d  %s" % (size, name)
    agreement(image)


def after_making(path, public, cls):
    """What to do with a new image: where it goes, and what its devices must have in notedfu.json."""
    image = container.read(path)
    agreement(image)
    make.digest_of(path)
    yield "upload this file to Notehub (Settings > Firmware > Host):"
    yield from identity_lines(image)
    yield "identity   %s" % container.first(image.plain, fields.SHA256).hex()
    yield "devices take it if notedfu.json has:"
    for line in settings_lines(public, cls):
        yield "  " + line
    if container.first(image.protected, fields.KEYS):
        yield "once its app is confirmed, only the keys in its list count: give every later image the same"
        yield "--trust, or what notedfu.json names counts again (docs/SECURITY.md)"
        if public is None:
            yield "unsigned, with a list of keys: devices refuse it until it is signed"


def settings_lines(public, cls):
    """The settings that a device needs for images by this key (None: unsigned), of this class."""
    if public is None:
        yield '"allow_unsigned": true' + ("," if cls else "")
    else:
        yield '"keys": ["%s"]%s' % (keys.settings_text(public), "," if cls else "")
    if cls:
        yield '"class_id": "%s"' % imgtool.class_id(cls).hex
