"""What a connected board has, and what to do next: python -m tools.deploy.doctor PORT.

It changes nothing there, and starts the board anew: its prompt ends what runs.
"""

import json
import sys

from tools import paths
from tools.deploy import bundle
from tools.deploy.board import STOPPED, Board
from tools.deploy.repl import ask
from tools.failure import status_of

_MEASURED = paths.ROOT / "docs" / "bench" / "ram.json"


def needed(told):
    """Bytes of heap that an update takes at its peak (docs/RAM.md); of 64 bits is only the virtual board."""
    library = (told["updater"] or {}).get("library", "source" if told["drive"] else "mpy")
    peak = json.loads(_MEASURED.read_text())["heap"][library]["i2c 4096"]["peak"]
    return peak * 3 // 2 if told["bits"] == 64 else peak


def lines(told):
    """The board's answer as sentences."""
    yield "%(interpreter)s on %(machine)s, heap %(heap)d bytes free" % told
    yield "an update takes up to %d bytes of heap beside the app (docs/RAM.md)" % needed(told)
    yield "modules: %s" % ", ".join(told["modules"])
    yield "SHA-256: %s, MD5: %s" % tuple("yes" if told[name] else "no" for name in ("sha256", "md5"))
    yield "filesystem: %(size)d bytes in units of %(unit)d, %(free)d free" % told
    yield from told["flash"] or ["no raw flash for Python: stage in a file"]
    if told["drive"]:
        writer = "the computer: nothing can be downloaded" if told["drive"]["readonly"] else "the program"
        yield "the drive can be written by %s; %d bytes of nvm" % (writer, told["drive"]["nvm"])
    updater = told["updater"]
    if updater:
        yield "updater %s; settings: %s" % (
            updater["version"],
            updater["settings"] or updater["missing"] or "fine",
        )
    else:
        yield "no updater on the board"
    card = told["notecard"]
    if card.get("version"):
        yield "Notecard %(device)s answers over %(link)s, firmware %(version)s" % card
    else:
        yield "Notecard: %s" % card.get("error", "it answers, but not to card.version")
    yield "next: " + advice(told)


def _is_short(told):
    """Whether the heap is too small; not to be said beside a running updater, or where the heap grows."""
    return told["heap"] < needed(told) and not told["beside"] and "esp32" not in told["modules"]


def advice(told):
    """The first thing that stands in the way, and its remedy."""
    if not told["sha256"]:
        return "another build of the interpreter: without hashlib.sha256 no image can be verified"
    if _is_short(told):
        return "the updater frozen into the firmware (docs/RAM.md): %(heap)d bytes of heap are little" % told
    if not told["updater"]:
        where = "DRIVE=/media/you/CIRCUITPY" if told["drive"] else "PORT=..."
        return "make deploy %s APP=examples/app VERSION=1.0.0 SETTINGS=notedfu.json" % where
    if told["drive"] and told["drive"]["readonly"] and not told["updater"]["settings"]:
        return 'press reset, and set "drive" to "updater" if it stays so: code.py can\'t write to the drive'
    if told["updater"]["settings"]:
        return "mend notedfu.json: %s" % told["updater"]["settings"]
    if told["updater"]["missing"]:
        return told["updater"]["missing"]
    if not told["notecard"].get("version"):
        return "wiring and link settings (docs/boards): the Notecard does not answer"
    if not told["updater"]["trusts"]:
        return "%s: only an app that brings a list of keys gets updates so" % bundle.TRUST
    return "nothing: upload an image to Notehub (docs/IMAGES.md)"


def main(arguments):
    def work():
        told = ask(arguments[0], "doctor")
        print("\n".join(lines(told)))
        if not told["drive"]:  # else code.py runs again already
            Board(arguments[0]).reset()

    return status_of("doctor", work, STOPPED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
