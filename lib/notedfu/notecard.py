"""A Notecard as the rest of the library and the app know it: requests as dicts."""

import json

from notedfu.const import const
from notedfu.errors import RequestError
from notedfu.transactions import TAIL, Transactions

TIMEOUT_MS = 30000  # to the first byte of a reply (note-c, CARD_INTER_TRANSACTION_TIMEOUT_SEC)
_WEB_TIMEOUT_MS = const(90000)  # web.* waits for a server (note-python)
_REQUEST_LIMIT = const(8192)  # bytes of JSON in one request (dev.blues.io, notecard-interfaces)


class Notecard(Transactions):
    """Transactions, and requests that are not hot.

    Allocates a request's text and its reply's members.
    """

    def request(self, request, timeout_ms=None):
        """Send a dict with "req" (or "cmd", which has no reply, no crc and no retry), return the reply's
        members.

        timeout_ms: None for the API's own rule, which is 30 s except for note.add and web.*.
        Raises RequestError bad-request for what can't be sent; LinkError as receive(). An `err` is a member.
        Of a reply longer than the Reply's limit some members are missing, and `truncated` is set. The app may
        use this too, between two polls of the updater.
        """
        text, n = _text_of(request)
        if "cmd" in request:
            self.command(text, n)
            return {}
        return self.transact(text, n, None, timeout_ms or _timeout_ms(request)).members

    def demand_once(self, request):
        """demand(), which is not repeated where the Notecard could not tell that it is a repetition."""
        if self.has_crc:
            return self.demand(request)
        text, n = _text_of(request)
        return checked(self.transact_once(text, n, TIMEOUT_MS).members)

    @property
    def truncated(self):
        """Whether the last reply was longer than what is kept."""
        return self._reply.truncated

    def demand(self, request):
        """request(), where an `err` is raised: RequestError card-err, with the Notecard's text."""
        return checked(self.request(request))


def checked(members):
    """The members of a reply without `err`; RequestError card-err with its text if there is one."""
    if "err" in members:
        raise RequestError("card-err", str(members["err"]))
    return members


def _text_of(request):
    """The JSON of a request, with room for what is appended, and its length."""
    text = bytearray(json.dumps(request).encode())
    n = len(text)
    if ("req" in request) == ("cmd" in request) or n > _REQUEST_LIMIT:
        raise RequestError(
            "bad-request", "one of req and cmd, at most %d bytes; it has %d" % (_REQUEST_LIMIT, n)
        )
    text.extend(TAIL[1:])
    return text, n


def _timeout_ms(request):
    """note-c, _noteTransaction_calculateTimeoutMs: some requests say how long they may take."""
    verb = request.get("req", "")
    web = verb.startswith("web.")
    if web or verb == "note.add":
        for key, unit_ms in (("milliseconds", 1), ("seconds", 1000)):
            if request.get(key):
                return request[key] * unit_ms
    return _WEB_TIMEOUT_MS if web else TIMEOUT_MS
