"""The transcript: one JSON object a line, {"t_ms":..., "req":{...}, "rsp":{...}}."""

from collections import OrderedDict

from tools.notecard import jsontext

_SHOWN = 64  # the most characters of a payload that are kept


def shortened(members):
    """A reply or request with its payload replaced by a note of its length, if it is long."""
    payload = members.get("payload")
    if not isinstance(payload, str) or len(payload) <= _SHOWN:
        return members
    copy = OrderedDict()
    for name in members:
        copy[name] = members[name]
    copy["payload"] = "(%d characters)" % len(payload)
    return copy


class Transcript:
    """Writes each exchange with `write(text)`, a line at a time."""

    def __init__(self, write):
        self._write = write

    def exchange(self, t_ms, request, reply, faults):
        """One request, and what was answered: None for a cmd. `faults` are the names of those that struck."""
        record = OrderedDict((("t_ms", t_ms), ("cmd" if "cmd" in request else "req", shortened(request))))
        if reply is not None:
            record["rsp"] = shortened(reply)
        self._end(record, faults)

    def raw(self, t_ms, text, reply, faults):
        """A line that was not a request."""
        record = OrderedDict((("t_ms", t_ms), ("raw", text), ("rsp", reply)))
        self._end(record, faults)

    def _end(self, record, faults):
        if faults:
            record["faults"] = list(faults)
        self._write(jsontext.write(record) + "\n")


class NoTranscript:
    """Keeps nothing."""

    def exchange(self, t_ms, request, reply, faults):
        pass

    def raw(self, t_ms, text, reply, faults):
        pass
