"""Payload rates on virtual time: this library, its ceilings, and the peers."""

from tools.bench import ceilings, images
from tools.bench.updates import expect, peer, update

KIB = 256
_SLOW_KIB = 32  # at 9600 baud, where a device looks a thousand times a second into an empty buffer
# name, link, baud, form, page, Notecard, goal in bytes a second or as a part of the wire's rate
ROWS = (
    ("I2C 100 kHz, base64 1024", "i2c", 9600, "base64", 1024, "8.x", None),
    ("I2C 100 kHz, base64 4096", "i2c", 9600, "base64", 4096, "8.x", 7250),
    ("I2C 100 kHz, base64 8192", "i2c", 9600, "base64", 8192, "8.x", None),
    ("I2C 100 kHz, binary 4096", "i2c", 9600, "binary", 4096, "9.1.1", None),
    ("I2C 100 kHz, binary 8192", "i2c", 9600, "binary", 8192, "9.1.1", 9400),
    ("UART 9600, base64 4096", "uart", 9600, "base64", 4096, "8.x", 0.99),
    ("UART 9600, binary 8192", "uart", 9600, "binary", 8192, "9.1.1", None),
    ("UART 115200, base64 4096", "uart", 115200, "base64", 4096, "8.x", 0.95),
    ("UART 115200, base64 8192", "uart", 115200, "base64", 8192, "8.x", None),
    ("UART 115200, binary 8192", "uart", 115200, "binary", 8192, "9.1.1", None),
)
_PEERS = (("i2c", 9600, 4096), ("uart", 9600, 4096), ("uart", 115200, 4096))


def ceiling(link, baud, form, page):
    """Bytes a second that the wire allows."""
    return ceilings.i2c(page, form)[0] if link == "i2c" else ceilings.uart(page, form, baud)[0]


def ours(rom):
    """A row for each of ROWS: without and with the flash's own time."""
    found = []
    for name, link, baud, form, page, preset, goal in ROWS:
        image = _image(link, baud)
        options = dict(link=link, baud=baud, preset=preset, form=form, page=page, until="verify")
        bare = expect(update(rom, image, flash="InstantFlash", **options))
        nor = expect(update(rom, image, flash="Flash", **options))
        wire = ceiling(link, baud, form, page)
        if goal is not None and goal < 1:
            goal = goal * wire
        found.append(
            {
                "name": name,
                "wire": wire,
                "rate": bare.rate(page),
                "goal": goal,
                "with_flash": nor.rate(page),
                "hidden": _hidden(bare, nor),
            }
        )
    return found


def _image(link, baud):
    return images.image(_SLOW_KIB if link == "uart" and baud == 9600 else KIB)


def _hidden(bare, nor):
    """How much of the flash's time went by while the Notecard was at work anyway, 0 to 1."""
    flash = nor.marks["verify"][3] - nor.marks["download"][3]
    longer = _lasts(nor) - _lasts(bare)
    return 1 - longer / flash


def _lasts(run):
    return run.marks["verify"][0] - run.marks["download"][0]


def peers(rom):
    """The same download by note-python and by hand."""
    found = []
    for name in ("note_peer", "hand_peer"):
        for link, baud, page in _PEERS:
            run = expect(peer(rom, _image(link, baud), name, page, link, baud))
            found.append({"name": name, "link": link, "baud": baud, "page": page, "rate": run.rate(page)})
    return found


def flatness(rom):
    """Milliseconds a KiB for images of several sizes, the whole download, with the flash's times."""
    found = []
    for kib in (64, 128, 256, 512, 1024, 1520):
        image = images.image(kib)
        run = expect(update(rom, image, until="verify"))
        found.append({"kib": kib, "ms_per_kib": 1024e3 / run.rate(4096)})
    return found


def whole(rom):
    """Where the time of a whole update of 256 KiB goes, in seconds, by phase and by kind."""
    image = images.image(KIB)
    run = expect(update(rom, image, until="idle"))
    first, swap, last = run.boots[0], run.boots[1], run.boots[-1]
    ends = [us for us, text in run.events if text == "end reset"]
    phases = {
        "boot and check": (first["boot"], first["download"]),
        "download": (first["download"], first["verify"]),
    }
    found = {name: _split(begin, end) for name, (begin, end) in phases.items()}
    found["verify"] = {"all": (ends[0] - first["verify"][0]) / 1e6}
    found["swap"] = {"all": (ends[1] - swap["boot"][0]) / 1e6}
    found["first boot to report"] = _split(last["boot"], last["idle"])
    return found


def _split(begin, end):
    names = ("all", "pauses", "wire", "flash")
    return {name: (end[at] - begin[at]) / 1e6 for at, name in enumerate(names)}
