"""What notedfu.json may hold: every key, its default and its kind. README explains each; a test compares.

Loaded while the settings are read, and forgotten: the table is larger than what it says.
"""

import json
import os

from notedfu.errors import SettingsError

_MODES = ("now", "boot", "ask")
_PIN = "pin"  # a number from 0 to 255, a name, or -1 for none
_SHOWN = 40  # characters of what is wrong: it may be as long as the file
_PAGES = [256, 512, 1024, 2048, 4096, 8192]  # halved after faults, and still whole pieces of flash

# name, default, and what it may be: a type, a pin, a tuple of words, a list of numbers, or (lowest, highest)
TABLE = (
    ("app", "app", str),
    ("off", False, bool),
    ("off_pin", -1, _PIN),
    ("link", "i2c", ("i2c", "uart")),
    ("i2c_id", 0, (-1, 15)),
    ("i2c_scl", -1, _PIN),
    ("i2c_sda", -1, _PIN),
    ("i2c_hz", 100000, (10000, 400000)),
    ("i2c_address", 0x17, (8, 119)),
    ("i2c_mtu", 252, (30, 253)),
    ("i2c_gap_ms", 1, (1, 100)),
    ("uart_id", 1, (0, 15)),
    ("uart_tx", -1, _PIN),
    ("uart_rx", -1, _PIN),
    ("uart_baud", 9600, (9600, 921600)),
    ("uart_rxbuf", 2048, (64, 32766)),
    ("rtx_pin", -1, _PIN),
    ("ctx_pin", -1, _PIN),
    ("target", "slots", ("slots", "ota", "romfs")),
    ("staging", "file", ("file", "flash")),
    ("staging_start", 0, (0, 1 << 28)),
    ("staging_length", 0, (0, 1 << 28)),
    ("staging_partition", "staging", str),
    ("staging_module", "", str),
    ("page", 4096, _PAGES),
    ("form", "auto", ("auto", "base64", "binary")),
    ("check_s", 3600, (10, 432000)),
    ("voltage", "", str),
    ("allow_unsigned", False, bool),
    ("keys", (), list),
    ("class_id", "", str),
    ("install", "now", _MODES),
    ("unblock", False, bool),
    ("swap_tries", 3, (1, 9)),
    ("trial_runs", 3, (1, 9)),
    ("confirm_after_s", 0, (0, 86400)),
    ("confirm_after_runs", 0, (0, 99)),
    ("confirm_needs_notecard", True, bool),
    ("healthy_s", 60, (1, 86400)),
    ("failing_runs", 5, (1, 99)),
    ("fall_back", False, bool),
    ("trial_s", 3600, (10, 604800)),
    ("recovery_s", 3600, (60, 604800)),
    ("watchdog_s", 120, (0, 86400)),
    ("drive", "updater", ("updater", "computer")),
)


def load(settings, path):
    """Read `path` over the defaults in `settings`; the first fault is settings.error."""
    try:
        with open(path) as file:
            found = json.load(file)
    except OSError as error:
        try:
            os.stat(path)
        except OSError:
            return  # there is none
        _fail(settings, "%s is there and can't be read, error %s: write it anew" % (path, error))
        return
    except (ValueError, MemoryError, RuntimeError):  # no end to a text, or to brackets
        _fail(settings, "%s is no JSON: mend it" % path)
        return
    if not isinstance(found, dict):
        _fail(settings, "%s holds no object {...}" % path)
        return
    for name, _, kind in TABLE:
        if name in found:
            _take(settings, name, kind, found.pop(name))
    for name in found:
        _fail(settings, "unknown key %s in %s" % (name[:_SHOWN], path))
    _check_trust(settings)
    if settings.error:
        settings.keys = ()
        settings.allow_unsigned = False


def _check_trust(settings):
    if not settings.keys and not settings.class_id:
        return
    from notedfu.keys import check

    try:
        check(settings.keys, settings.class_id)
    except SettingsError as error:
        settings.error = settings.error or error


def _take(settings, name, kind, value):
    problem = _problem(kind, value)
    if problem is None:
        setattr(settings, name, value)
    else:
        _fail(settings, "%s must be %s, and is %s" % (name, problem, _shown(value)))


def _shown(value):
    """A wrong value as the file has it, or as much of it as a message takes."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, str):
        return json.dumps(value[:_SHOWN])
    return json.dumps(value)[:_SHOWN]


def _fail(settings, text):
    settings.error = settings.error or SettingsError("bad-settings", text)


def _problem(kind, value):
    """What `value` should have been, or None where it is right."""
    if kind is bool:
        return None if isinstance(value, bool) else "true or false"
    if kind is str:
        return None if isinstance(value, str) else "a text"
    if kind is list:
        right = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return None if right else "a list of texts"
    if kind is _PIN:
        named = isinstance(value, str) and value and " " not in value
        right = named or _problem((-1, 255), value) is None
        return None if right else "a pin: its number, or its name as text"
    if isinstance(kind[0], str):
        return None if value in kind else "one of " + ", ".join(kind)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(kind, list):
        return None if whole and value in kind else "one of " + ", ".join([str(one) for one in kind])
    return None if whole and kind[0] <= value <= kind[1] else "a whole number from %d to %d" % kind
