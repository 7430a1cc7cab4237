"""Instructions, counted by callgrind: a KiB of a download, and a boot with nothing to do."""

import re
import shutil
import subprocess

from tools.bench import host, images
from tools.bench.updates import expect, peer, update
from tools.failure import Failure

_PAGE = 4096

# What C functions do for themselves, by any implementation's measure: hashes, crc32, base64, copies.
_C_WORK = re.compile(r"md5|sha256|crc32|a2b_base64|memcpy|memmove|memset|memchr|memcmp", re.I)


def available():
    """Whether valgrind is there."""
    return shutil.which("valgrind") is not None


class Null:
    """A front end that answers anything."""

    def write(self, address, data):
        pass

    def read(self, address, n):
        return bytes(n)


def _out(name):
    return host.SCRATCH / ("callgrind." + name)


def _prefix(name):
    return [
        "valgrind", "--tool=callgrind", "--toggle-collect=main_", "--callgrind-out-file=%s" % _out(name),
    ]  # fmt: skip


def counted(name):
    """(all instructions, those of C functions for themselves) of a run under _prefix(name)."""
    text = subprocess.run(
        ["callgrind_annotate", "--threshold=99.99", str(_out(name))], capture_output=True, text=True
    ).stdout
    total = own = 0
    for line in text.splitlines():
        found = re.match(r"\s*([\d,]+) \(\s*[\d.]+%\)\s+(.*)", line)
        if found:
            count = int(found.group(1).replace(",", ""))
            if "PROGRAM TOTALS" in found.group(2):
                total = count
            elif _C_WORK.search(found.group(2)):
                own += count
    return total, own


def download(rom, kib, name):
    """(Instructions from the end of the first page to the end of the last, KiB of these pages).

    Two runs with one image: so the signature, whose cost is another one for each, is in both alike.
    """
    image = images.image(kib)
    counts = []
    for mark in ("download", "verify"):
        expect(update(rom, image, until=mark, prefix=_prefix(name), time="CountedTime"))
        counts.append(counted(name))
    return [b - a for a, b in zip(*counts)], (len(image) - _PAGE) / 1024


def bench_share(rom, pages, name):
    """Instructions of the bench's own bus and flash for so many pages."""
    card = host.Card()
    card.attach("i2c", 0)
    card.front = Null()
    device = host.Device("work", rom)
    device.run(card, "work", pages, prefix=_prefix(name))
    return counted(name)


def per_kib(rom):
    """{"all", "c", "interpreter"}: instructions per KiB, the bench's own share taken off."""
    share = [b - a for a, b in zip(bench_share(rom, 4, "share"), bench_share(rom, 20, "share"))]
    spent, kib = download(rom, 96, "download")
    total, own = [a / kib - b / (16 * _PAGE / 1024) for a, b in zip(spent, share)]
    return {"all": total, "c": own, "interpreter": total - own}


def peer_per_kib(rom, name):
    """The same for a peer, with the bench's own share in it."""
    small, large = 8, 24
    counts = []
    for kib in (small, large):
        expect(peer(rom, images.image(kib), name, 4096, prefix=_prefix(name)))
        counts.append(counted(name)[0])
    return (counts[1] - counts[0]) / (large - small)


def _inclusive(name, function):
    """Instructions of a C function and all that it calls."""
    text = subprocess.run(
        ["callgrind_annotate", "--inclusive=yes", "--threshold=99.99", str(_out(name))],
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"^\s*([\d,]+) \(.*%s" % function, text, re.M)
    return int(found.group(1).replace(",", "")) if found else 0


def boot(rom):
    """Instructions from power-up to the app's first line, with nothing to do.

    Above those of the same interpreter, filesystem and app without the library; the bench's block device,
    which is Python where a board has C, is taken off.
    """
    spent = []
    for what in ("boot", "alone"):
        device = host.Device("quiet", rom).prepare({"keys": [images.key()[1]]}, "quiet_app.mpy")
        device.heapsize = "256K"
        card = host.Card()
        card.attach("i2c", 0)
        if device.run(card, "quiet", host.FS_BLOCKS, what, prefix=_prefix(what)) != "done":
            raise Failure("the quiet boot ended otherwise: %s %s" % (device.output, card.events))
        spent.append(counted(what)[0] - _inclusive(what, "mp_vfs_lfs2_dev_read"))
    return spent[0] - spent[1]
