"""Preflight: what the Notecard offers is judged by its first and last bytes, before anything is erased.

What is judged here is not authenticated yet: the same judgement is made again on the bytes in flash. A
foreign image costs two dfu.get and no erase.
"""

from notedfu.const import const
from notedfu.errors import ImageError, LocalError
from notedfu.image import HEADER_SIZE, KEYS, TAIL_LIMIT, parse_header, parse_keys, parse_tail, tail_size
from notedfu.keys import parse_key, parse_uuid
from notedfu.slots import A, B
from notedfu.verdict import Policy, Signatures, forget, judge

_AREA_HEADER = const(4)  # bytes of magic and total length before a TLV area


class Candidate:
    """An offered image after its header and TLVs have been read. `identity` is what it claims to be."""

    def __init__(self, header, tlvs, length):
        self.header = header
        self.tlvs = tlvs
        self.length = length
        self.identity = tlvs.digest


def look(dfu, offer, sha256):
    """Fetch header and TLVs: two dfu.get, a third where the offer has no length. Returns a Candidate.

    Raises ImageError for what can't be an image; its `identity` is then the SHA-256 of the header's bytes.
    Without a sha256 every image is refused, `no-sha256`, and nothing is fetched. Allocates the TLVs, at most
    2 KiB.
    """
    try:
        digest = sha256()
    except LocalError as error:
        raise ImageError(error.code, error.text + ": no image can be checked") from None
    head = min(HEADER_SIZE, offer.length or HEADER_SIZE)
    dfu.get(0, head)
    start = bytes(dfu.page[:HEADER_SIZE])
    try:
        if head < HEADER_SIZE:
            raise ImageError("short-image", "the image has %d bytes, its header alone has 32" % head)
        header = parse_header(start)
        length = offer.length or _length(dfu, header)
        tail = _fetch(dfu, header.tail, tail_size(header, length))
        return Candidate(header, parse_tail(tail, len(tail), header), length)
    except ImageError as error:
        digest.update(start)
        error.identity = digest.digest()
        raise


def _length(dfu, header):
    """The image's length, from the last TLV area's own header."""
    dfu.get(header.covered, _AREA_HEADER)
    total = dfu.page[2] | dfu.page[3] << 8
    if not _AREA_HEADER <= total <= TAIL_LIMIT:
        raise ImageError("bad-area", "TLVs of %d bytes" % total)
    return header.covered + total


def _fetch(dfu, offset, size):
    """`size` bytes of the image from `offset`, as a new bytearray; size is bounded by TAIL_LIMIT."""
    whole = bytearray(size)
    have = 0
    while have < size:
        count = min(size - have, len(dfu.page))
        dfu.get(offset + have, count)
        whole[have : have + count] = memoryview(dfu.page)[:count]
        have += count
    return whole


class Vouched:
    """Signatures for where the digest was found signed already, and has not changed."""

    def __init__(self, signatures, identity):
        self._signatures = signatures
        self._identity = identity

    def find(self, keys, key_hash):
        return self._signatures.find(keys, key_hash)

    def good(self, key, digest, signature):
        return digest == self._identity


def trusted_keys(slots, active, settings):
    """The keys that count: of the confirmed app's own list, where it has one, else of the settings.

    A list counts by its manifest, whether the app's files are whole or not, and never while its app is on
    trial: the app that was confirmed before it decides. In recovery without an active slot it is the one with
    the highest counter, then version. Raises SettingsError.
    """
    confirmed = _confirmed(slots, active)
    listed = confirmed.tlv(KEYS) if confirmed is not None else None
    return parse_keys(listed) if listed else [parse_key(text) for text in settings.keys]


def _confirmed(slots, active):
    """The manifest of the confirmed app that decides, or None."""
    best = None
    for slot in (A, B):
        manifest = slots.examine(slot, _regardless)
        if manifest is None or not manifest.confirmed:
            continue
        if slot == active:
            return manifest
        if best is None or manifest.rank > best.rank:
            best = manifest
    return best


def _regardless(path, size, crc):
    return True


class Judge:
    """What this device takes: settings, the confirmed slot and the journal, brought into one policy."""

    def __init__(self, boot):
        settings, journal = boot.settings, boot.journal
        running = boot.slots.load(journal.active)
        policy = Policy()
        policy.allow_unsigned = settings.allow_unsigned
        policy.counter = journal.counter
        policy.kinds = boot.slots.kinds
        if settings.class_id:
            policy.class_id = parse_uuid(settings.class_id)
        policy.keys = trusted_keys(boot.slots, journal.active, settings)
        if running is not None:
            policy.running = running.version
        self._policy = policy
        self._signatures = Signatures(boot.port.sha256, boot.clock.tick)
        self.vouched = False  # the signature has been verified

    def before_download(self, candidate):
        """Judge header and TLVs, signature included; ImageError is the verdict."""
        try:
            judge(candidate.header, candidate.tlvs, self._policy, self._signatures)
            self.vouched = True
        finally:
            forget()

    def before_rest(self, candidate):
        """As before_download(), for an image that was judged in full before its first byte came.

        Its signature is left to on_flash(): a device that wakes for seconds needs them for other things.
        """
        judge(candidate.header, candidate.tlvs, self._policy, Vouched(self._signatures, candidate.identity))

    def on_flash(self, image, identity):
        """Judge the same things in the bytes on flash, whose digest is verified to be `identity`."""
        if image.digest != identity:
            raise ImageError("bad-digest", "what is on flash is not what was offered")
        signatures = Vouched(self._signatures, identity) if self.vouched else self._signatures
        try:
            judge(image.header, image.tlvs, self._policy, signatures)
        finally:
            forget()


def look_inside(dfu, slots, candidate):
    """What more can be told before anything is erased: a firmware or ROMFS by its first bytes. ImageError."""
    if candidate.tlvs.kind == b"slots":
        return
    if candidate.tlvs.kind == b"romfs":
        from notedfu import romlook as inside
    else:
        from notedfu import firmware as inside
    inside.look(dfu, slots, candidate)


def reserve_room(slots, active, candidate, stage):
    """Keep room for the unpacked app beside what runs; what staging may take is the rest.

    Raises LocalError `no-room` if there is not enough even without staging, ImageError if the image does
    not say.
    """
    tlvs = candidate.tlvs
    if tlvs.kind not in (b"slots", b"romfs"):
        from notedfu import firmware

        firmware.reserve_room(slots, active, candidate, stage)
        return
    if tlvs.unpacked_size is None:
        raise ImageError("bad-tlv", "the image does not say how large its payload unpacks")
    room = slots.room(active)
    needed = slots.room_needed(tlvs.unpacked_size, tlvs.file_count)
    if needed > room:
        raise LocalError("no-room", "the app unpacks to %d bytes, %d are free" % (needed, room))
    held = slots.held(active)  # what the spare slot will give back
    stage.reserve = max(0, needed - held)
