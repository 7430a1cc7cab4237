"""What the device's judgement of an offer cost, as the Notecard's transcript shows it."""

_HEADER = 32  # bytes; the request for them is preflight's first


def of(records):
    """{"gets", "image_bytes", "ms"} of the last preflight in a transcript's records, None if there was none.

    ms runs from when the last of preflight's replies is ready to the next request. So besides hash, key and
    signature it has the reply's way over the wire, and, for an image that is taken, the making of room: the
    judgement took no longer.
    """
    asked = [one for one in records if "req" in one]
    first = None
    for at, one in enumerate(asked):
        if _is_get(one) and not one["req"].get("offset") and one["req"].get("length") == _HEADER:
            first = at
    if first is None:
        return None
    last = first
    while last + 1 < len(asked) and _is_get(asked[last + 1]) and asked[last + 1]["req"].get("offset"):
        last += 1
    if last + 1 == len(asked):
        return None
    gets = asked[first : last + 1]
    return {
        "gets": len(gets),
        "image_bytes": sum(one["req"]["length"] for one in gets),
        "ms": asked[last + 1]["t_ms"] - asked[last]["t_ms"],
    }


def _is_get(record):
    return record["req"].get("req") == "dfu.get"
