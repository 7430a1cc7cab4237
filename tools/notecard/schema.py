"""The rules of the Notecard API for the requests that the simulator knows: arguments, types, values.

Source: blues/notecard-schema 9.1.1, where an unknown member is an error. `id` and `crc` belong to the
transaction, not to the request. `hub.set` takes `body`, which the schema lacks and Blues' own libraries send.
"""

_BOOL = ("boolean",)
_INT = ("integer", None)
_COUNT = ("integer", -1)
_TEXT = ("string",)
_OBJECT = ("object",)
_VERSION = ("version",)

_VERSION_TEXTS = ("org", "product", "description", "version", "built", "builder")
_VERSION_NUMBERS = ("ver_major", "ver_minor", "ver_patch", "ver_build")

REQUESTS = {
    "hub.set": {
        "mode": ("one of", ("periodic", "continuous", "minimum", "off", "dfu", "dfu-completed", "-")),
        "product": _TEXT,
        "sn": _TEXT,
        "host": _TEXT,
        "vinbound": _TEXT,
        "voutbound": _TEXT,
        "details": _TEXT,
        "inbound": _COUNT,
        "outbound": _COUNT,
        "duration": ("duration",),
        "seconds": _COUNT,
        "sync": _BOOL,
        "align": _BOOL,
        "on": _BOOL,
        "off": _BOOL,
        "umin": _BOOL,
        "uoff": _BOOL,
        "uperiodic": _BOOL,
        "version": _VERSION,
        "body": _OBJECT,
    },
    "hub.get": {},
    "hub.status": {},
    "hub.sync": {"allow": _BOOL, "in": _BOOL, "out": _BOOL},
    "hub.sync.status": {"sync": _BOOL},
    "hub.log": {"text": _TEXT, "alert": _BOOL, "sync": _BOOL},
    "dfu.status": {
        "name": ("one of", ("user", "card")),
        "stop": _BOOL,
        "status": _TEXT,
        "err": _TEXT,
        "version": _VERSION,
        "vvalue": _TEXT,
        "on": _BOOL,
        "off": _BOOL,
    },
    "dfu.get": {"length": _INT, "offset": _INT, "binary": _BOOL},
    "card.version": {"api": _INT},
    "card.time": {},
    "card.binary": {"delete": _BOOL},
    "card.binary.get": {"cobs": _COUNT, "length": _COUNT, "offset": _COUNT},
    "card.dfu": {
        "name": ("one of", ("esp32", "stm32", "stm32-bi", "mcuboot", "-")),
        "mode": ("one of", ("altdfu", "aux")),
        "on": _BOOL,
        "off": _BOOL,
        "seconds": _INT,
        "start": _BOOL,
        "stop": _BOOL,
    },
    "echo": {"text": _TEXT},
    "note.add": {
        "file": _TEXT,
        "note": _TEXT,
        "body": _OBJECT,
        "payload": _TEXT,
        "key": _TEXT,
        "sync": _BOOL,
        "verify": _BOOL,
        "full": _BOOL,
        "live": _BOOL,
        "binary": _BOOL,
        "limit": _BOOL,
        "max": _INT,
    },
}


def verb_of(request):
    """(name, complaint) of a request object: exactly one of req and cmd, a string."""
    if ("req" in request) == ("cmd" in request):
        return "", "exactly one of req and cmd must be there"
    name = request["req"] if "req" in request else request["cmd"]
    if not isinstance(name, str):
        return "", "req and cmd are strings"
    return name, None


def complaint(name, request):
    """What is wrong with the request named `name`, a text; None if it keeps the rules."""
    rules = REQUESTS[name]
    for member in request:
        value = request[member]
        if member == "id":
            if not _is_int(value):
                return "id must be an integer"
        elif member not in rules and member not in ("req", "cmd", "crc"):
            return "%s has no argument %s" % (name, member)
        elif member in rules:
            wrong = _wrong(value, rules[member])
            if wrong:
                return "%s: %s must be %s" % (name, member, wrong)
    return _misuse(name, request)


def _misuse(name, request):
    if name == "dfu.status" and not request.get("stop"):
        for member in ("status", "err"):
            if member in request:
                return "dfu.status: %s goes with stop:true only" % member
    return None


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _wrong(value, rule):
    """What `value` should have been, or None."""
    kind = rule[0]
    if kind == "boolean":
        good = isinstance(value, bool)
    elif kind == "integer":
        good = _is_int(value) and (rule[1] is None or value >= rule[1])
    elif kind == "string":
        good = isinstance(value, str)
    elif kind == "object":
        good = isinstance(value, dict)
    elif kind == "duration":
        good = _is_int(value) and (value == -1 or value >= 15)
    elif kind == "one of":
        good = value in rule[1]
    else:
        return _wrong_version(value)
    if good:
        return None
    return "%s %s" % (kind, rule[1]) if len(rule) > 1 and rule[1] is not None else kind


def _wrong_version(value):
    if isinstance(value, str):
        return None
    if not isinstance(value, dict):
        return "string or object"
    for key in value:
        if key in _VERSION_TEXTS:
            good = isinstance(value[key], str)
        else:
            good = key in _VERSION_NUMBERS and _is_int(value[key])
        if not good:
            return "an object of the ten version members (%s)" % key
    return None
