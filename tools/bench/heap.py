"""The smallest heaps, by bisection of -X heapsize on the 64-bit interpreter; a 32-bit board needs half."""

from tools.bench import host, images
from tools.bench.updates import peer, update

# Marks at which the device stops: what is through by then.
PHASES = ("app", "checked", "download", "verify", "swapped", "idle")
_STEP = 1024
_LEAST, _MOST = 4 * 1024, 1 << 20


def smallest(runs):
    """The least heap in bytes, to 1 KiB, for which runs(heapsize) is true; None if _MOST is too little."""
    low, high = _LEAST, _MOST
    if not runs(str(high)):
        return None
    while high - low > _STEP:
        middle = (low + high) // 2 // _STEP * _STEP
        if runs(str(middle)):
            high = middle
        else:
            low = middle
    return high


def phases(rom, kib, wanted=PHASES, **settings):
    """{phase: smallest heap} from power-up until the phase is reached; the library's code lies in ROM."""
    image = images.image(kib)
    return {name: smallest(_reaching(rom, image, name, settings)) for name in wanted}


def _reaching(rom, image, name, settings):
    def runs(size):
        run = update(rom, image, until=name, heapsize=size, flash="InstantFlash", **settings)
        return run.ended == "done"

    return runs


def of_peer(rom, kib, name, page):
    """The smallest heap for a peer's download."""
    image = images.image(kib)
    return smallest(lambda size: peer(rom, image, name, page, heapsize=size).ended == "done")


def imports(rom, names):
    """The smallest heap that imports these modules of the library from ROM."""

    def runs(size):
        device = host.Device("imports", rom, size)
        card = host.Card()
        card.attach("i2c", 0)
        return device.run(card, "imports", *names) == "done"

    return smallest(runs)
