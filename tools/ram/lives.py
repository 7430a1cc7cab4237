"""Whole updates on an interpreter of one's own: `Board(interpreter).update(...)`."""

import shutil
from pathlib import Path

from tools import paths
from tools.bench import host, images
from tools.bench.updates import Run
from tools.size import modules

HERE = Path(__file__).parent
_DEVICE = host.HERE / "device"
_TAKEN = ("bench_app", "plain_app", "port", "prepare", "world")  # of the bench's own modules
_BOOTS = 6
RAM, FROZEN = "/d/lib:/d/start", ".frozen"  # where the library, boot.py and main.py are imported from


def lay_out(tree, compiled):
    """The library, as .mpy or as sources, and the device's modules.

    fast.py is for another processor: without it a download takes no less.
    """
    shutil.rmtree(tree, ignore_errors=True)
    if compiled:
        modules.compile_all(tree)
        (tree / "notedfu" / "fast.mpy").unlink()
    else:
        shutil.copytree(
            modules.LIBRARY, tree / "notedfu", ignore=shutil.ignore_patterns("fast.py", "__pycache__")
        )
    device = tree / "device"
    device.mkdir()
    for name in _TAKEN:
        shutil.copy(_DEVICE / (name + ".py"), device)
    for path in (HERE / "device").glob("*.py"):
        shutil.copy(path, device)
    shutil.copy(_DEVICE / "plain_app.py", tree)
    start = tree / "start"
    start.mkdir()
    for name in ("boot.py", "main.py"):
        shutil.copy(paths.ROOT / name, start)


class Board(host.Device):
    """A device whose interpreter is the program `interpreter`; its flash lies in a file."""

    def __init__(self, interpreter, library, compiled=True):
        super().__init__("ram", None)
        self._interpreter = interpreter
        self._library = library
        self._tree = host.SCRATCH / "tree"
        lay_out(self._tree, compiled)

    def _program(self, module, options):
        library = "/rom" if module == "fill" else self._library
        command = [self._interpreter, "-X", "heapsize=" + self.heapsize, *options]
        return [*command, str(self._tree / "device" / "first.py"), str(self._tree), str(self.flash), library]

    def update(self, kib, heapsize="4M", **settings):
        """From power-up with app 1 until the offered image of `kib` KiB runs, is reported, and idles."""
        given = {"check_s": 60, "form": "base64", "keys": [images.key()[1]], **settings}
        self.flash.write_bytes(b"\xff" * (4096 * host.FS_BLOCKS))
        self.prepare(given, module="fill")
        self.heapsize = heapsize
        card = host.Card()
        card.attach(given.get("link", "i2c"), given.get("uart_baud", 9600))
        try:
            return self._boots(card, images.image(kib), 2)
        finally:
            self.heapsize = "4M"

    def first_app(self, kib):
        """The same for flash that is blank: what is frozen in has to do without any file."""
        self.flash.write_bytes(b"\xff" * (4096 * host.FS_BLOCKS))
        card = host.Card()
        card.attach("i2c", 0)
        return self._boots(card, images.image(kib), 1)

    def _boots(self, card, image, quiet):
        """Boot until an app idles, asked from the boot `quiet` on: before, the old one might."""
        card.offer(image)
        for boot in range(_BOOTS):
            ended = self.run(card, "life", host.FS_BLOCKS, "idle" if boot >= quiet else "none")
            if ended != "reset":
                break
        run = Run(len(image), card, ended)
        run.output = self.output
        return run
