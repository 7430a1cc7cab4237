"""Transactions with a Notecard: a request, its reply, and everything that can go wrong between them.

The rules are those of note-c (n_request.c): sequence number and crc32 at the end of the request, the same in
the reply; faults are retried with the same sequence number, at which a Notecard that has executed the
request already gives the same answer again; heartbeats are waited out and answered by nothing.
"""

from struct import pack_into

from notedfu.const import const
from notedfu.crc32 import Crc32, put_hex
from notedfu.errors import LinkError

_RETRIES = const(5)  # note-c's
_SILENCES = const(2)  # waits for a reply in vain; six would keep the app from its work for three minutes
_FIRST_PAUSE_MS = const(250)  # before the first retry, then doubled: note-c waits 500 each time
_MOST_PAUSE_MS = const(4000)
_HEARTBEATS = const(120)  # an hour of them at the default timeout is a fault
TAIL = b',"crc":"0000:00000000"}\n'
_TAIL_FORM = "24s"
SPARE = len(TAIL) - 1  # bytes that a request's buffer must have behind its text


class AlwaysAwake:
    """What tells a sleeping Notecard that it is spoken to: nothing. A port may give one with RTX and CTX
    pins."""

    def start(self):
        """Before a request: return when the Notecard listens; LinkError no-notecard if it does not wake."""

    def stop(self):
        """After a reply."""


class Transactions:
    """One Notecard, one transaction at a time.

    link: I2CLink or UartLink. reply: a Reply, whose limit says how much of a reply is kept.
    sequence: where the 16-bit sequence numbers begin; another place at each boot.
    A transaction allocates nothing but members that are looked at, and faults.
    """

    def __init__(self, link, clock, reply, waker=AlwaysAwake(), sequence=0):  # noqa: B008 - it has no state
        self.holds_reply = link.holds_reply
        self._link = link
        self._clock = clock
        self._reply = reply
        self._waker = waker
        self._crc = Crc32()
        self._sequence = sequence
        self._text = b""  # the request with its crc and newline, until its reply is there
        self._length = 0
        self._sent = False  # the request is out, its reply not read
        self._crc_seen = False  # this Notecard's firmware has crcs (since June 2023): no reply may lack it
        self._resync_due = True  # before the next request; what the first one meets is unknown

    def send(self, text, n):
        """Begin a transaction: send the request text[:n], a JSON object with at least one member.

        text: a bytearray with SPARE bytes of room behind n, for crc and newline; to be left alone until
            receive() is through.
        A fault while sending is left to receive(), which sends again; LinkError only if a resync that was due
        fails.
        """
        self._prepare(text, n)
        try:
            self._transmit()
        except LinkError:
            self.distrust()

    def receive(self, sink, timeout_ms):
        """Complete the transaction and return the Reply: its `members`, an `err` among them, are made when
        they are looked at; `failed` says whether there is an `err`.

        sink: the stage for the text of the member "payload", begun again at each attempt; or None.
        timeout_ms: for the first byte of the reply, and again after each heartbeat.
        Retries 5 times with 7.75 s of pauses in all, and once where nothing came. Raises LinkError: that of
        the last attempt, or a resync's.
        """
        try:
            return self._attempt(sink, timeout_ms)
        finally:
            self._waker.stop()

    def transact(self, text, n, sink, timeout_ms):
        """send() and receive()."""
        self.send(text, n)
        return self.receive(sink, timeout_ms)

    def transact_once(self, text, n, timeout_ms):
        """transact() without retries, for what must not be done twice: a Notecard without crcs can't tell a
        repeated request from a new one. After a LinkError it is not known whether it was done."""
        self._prepare(text, n)
        try:
            self._transmit()
            return self._complete(None, timeout_ms)
        except LinkError:
            self.distrust()
            raise
        finally:
            self._waker.stop()

    def fetch(self, text, n, stage, timeout_ms):
        """transact() for a request whose reply, unless it is an `err`, is followed by a frame of binary: feed
        that, its newline included, to stage.feed. The frame is not retried: what is lost of it comes again
        only with its request."""
        self.send(text, n)
        try:
            reply = self._attempt(None, timeout_ms)
            if not reply.failed:
                self._link.receive(stage, timeout_ms)
            return reply
        except LinkError:
            self.distrust()
            raise
        finally:
            self._waker.stop()

    def distrust(self):
        """Something came that should not have: resync before the next request."""
        self._sent = False
        self._resync_due = True

    @property
    def has_crc(self):
        """Whether this Notecard's replies carry crcs, so far as is known: its firmware is of June 2023 or
        later."""
        return self._crc_seen

    def command(self, text, n):
        """Send text[:n], a request that has `cmd` and so no reply. No crc, no retry: nobody would tell."""
        self._begin()
        text[n] = 10
        try:
            self._link.send(text, n + 1)
        except LinkError:
            self.distrust()
            raise
        finally:
            self._waker.stop()

    def _begin(self):
        if self._sent:  # the transaction before was given up: its reply must not be taken for ours
            self.distrust()
        self._waker.start()
        try:
            self._resync()
        except LinkError:
            self._waker.stop()
            raise

    def _prepare(self, text, n):
        """All of a transaction that comes before its request goes out."""
        self._begin()
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._seal(text, n)
        self._text = text
        self._length = n + SPARE

    def _seal(self, text, n):
        """Append crc and newline: over the text as it is, closing brace included (note-c, _crcAdd)."""
        self._crc.reset()
        self._crc.update(text, 0, n)
        at = n - 1
        pack_into(_TAIL_FORM, text, at, TAIL)
        put_hex(self._sequence, text, at + 8)
        self._crc.write_hex(text, at + 13)

    def _attempt(self, sink, timeout_ms):
        """receive(), with the Notecard kept awake."""
        pause_ms = _FIRST_PAUSE_MS
        silences = 0
        for left in range(_RETRIES, -1, -1):
            self._resync()
            try:
                if not self._sent:
                    self._transmit()
                return self._complete(sink, timeout_ms)
            except LinkError as error:
                self.distrust()
                if error.code == "no-reply":
                    silences += 1
                if not left or silences == _SILENCES:
                    raise
            self._clock.sleep(pause_ms)
            pause_ms = min(2 * pause_ms, _MOST_PAUSE_MS)
        return None  # never: the last attempt returns or raises

    def _resync(self):
        if self._resync_due:
            self._link.resync()
            self._resync_due = False

    def _transmit(self):
        self._link.send(self._text, self._length)
        self._sent = True

    def _complete(self, sink, timeout_ms):
        reply = self._reply
        for _ in range(_HEARTBEATS):
            reply.begin(sink)
            self._link.receive(reply, timeout_ms)
            reply.finish()
            error = str(reply.members.get("err")) if reply.failed else ""
            if "{heartbeat}" not in error:
                break
        else:
            raise LinkError("no-reply", "%d heartbeats, and no reply" % _HEARTBEATS)
        if reply.crc_error(self._sequence, self._crc_seen):
            raise LinkError("bad-crc", "the reply's crc or sequence number is wrong or missing")
        if "{io}" in error and "{not-supported}" not in error and "{bad-bin}" not in error:
            raise LinkError("card-io", error)
        if not self._crc_seen and not reply.failed:
            self._crc_seen = not reply.crc_error(self._sequence, True)
        self._sent = False
        return reply
