"""Whose images this device takes: settings, the confirmed slot and the journal, brought into one verdict.

What preflight has seen is not authenticated yet: the same judgement is made again on the bytes in flash.
"""

from notedfu.errors import ImageError
from notedfu.keys import KEYS, parse_key, parse_keys, parse_uuid
from notedfu.slots import A, B


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
        manifest = slots.listed(slot)
        if manifest is None or not manifest.confirmed:
            continue
        if slot == active:
            return manifest
        if best is None or manifest.rank > best.rank:
            best = manifest
    return best


class Judge:
    """What this device takes: settings, the confirmed slot and the journal, brought into one policy."""

    def __init__(self, boot):
        settings, journal = boot.settings, boot.journal
        # first: a file takes 1.2 KB of heap in one piece, which the verdict's code would leave in pieces
        running = boot.slots.load(journal.active)
        keys = trusted_keys(boot.slots, journal.active, settings)
        from notedfu import verdict

        policy = verdict.Policy()
        policy.allow_unsigned = settings.allow_unsigned
        policy.counter = journal.counter
        policy.kinds = boot.slots.kinds
        if settings.class_id:
            policy.class_id = parse_uuid(settings.class_id)
        policy.keys = keys
        if running is not None:
            policy.running = running.version
        self._policy = policy
        self._verdict = verdict
        self._signatures = verdict.Signatures(boot.port.sha256, boot.clock.tick)
        self.vouched = False  # the signature has been verified

    def before_download(self, candidate):
        """Judge header and TLVs, signature included; ImageError is the verdict."""
        try:
            self._verdict.judge(candidate.header, candidate.tlvs, self._policy, self._signatures)
            self.vouched = True
        finally:
            self._verdict.forget()

    def before_rest(self, candidate):
        """As before_download(), for an image that was judged in full before its first byte came.

        Its signature is left to on_flash(): a device that wakes for seconds needs them for other things.
        """
        vouched = Vouched(self._signatures, candidate.identity)
        self._verdict.judge(candidate.header, candidate.tlvs, self._policy, vouched)

    def on_flash(self, image, identity):
        """Judge the same things in the bytes on flash, whose digest is verified to be `identity`."""
        if image.digest != identity:
            raise ImageError("bad-digest", "what is on flash is not what was offered")
        signatures = Vouched(self._signatures, identity) if self.vouched else self._signatures
        try:
            self._verdict.judge(image.header, image.tlvs, self._policy, signatures)
        finally:
            self._verdict.forget()
