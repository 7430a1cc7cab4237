"""The demo's keys, made for each run, and images signed with them, or spoilt as a scenario wants it."""

import shutil

from tools import paths
from tools.image import __main__ as image_tool
from tools.image import container, imgtool, keys, make

FOLDER = paths.BUILD / "demo"
KINDS = ("p256", "ed25519")
CLASS = "example.com/buoy"
_SHA256 = 0x10
_TABLE_BYTES = 40000  # what the demo's app carries besides its code, so that there is something to watch


class Workshop:
    """Makes images. `kind` of its two keys: the one that the device trusts, and somebody else's.

    flags: what tools.image make is told for each image.
    """

    def __init__(self, kind, flags=()):
        self._flags = list(flags)
        self._keys = {who: FOLDER / ("%s.pem" % who) for who in ("own", "other")}
        for path in self._keys.values():
            path.unlink(missing_ok=True)
            keys.generate(path, kind)

    def settings(self):
        """What the device must be told: whom to trust, and which product it is."""
        public = keys.public(self._keys["own"])
        return {"keys": [keys.settings_text(public)], "class_id": str(imgtool.class_id(CLASS))}

    def image(self, version, change, signer="own", options=()):
        """An image of examples/app with `version`; change(folder) edits its sources first. Returns the path.

        signer: "own", "other", or None for no signature. options: more of tools.image make's.
        """
        source = FOLDER / ("app-" + version)
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(paths.ROOT / "examples" / "app", source)
        table = bytes((at * at + len(version) * at + ord(version[0])) & 0xFF for at in range(_TABLE_BYTES))
        (source / "table.bin").write_bytes(table)
        change(source)
        return self._make(source, version, "app", signer, options)

    def firmware(self, version, data, signer):
        """An image of the .bin `data`."""
        source = FOLDER / "micropython.bin"
        source.write_bytes(data)
        return self._make(source, version, "firmware", signer, (("--kind", "esp32"),))

    def _make(self, source, version, name, signer, options):
        out = FOLDER / ("%s-%s.img" % (name, version))
        arguments = ["make", str(source), version, str(out), "--name", name]
        if signer:
            arguments += ["--key", str(self._keys[signer])]
        options = {"--class": CLASS, "--counter": "1", **dict(options)}
        for name, value in options.items():
            arguments += [name, value]
        return make.make(image_tool.parser().parse_args(arguments + self._flags))


def change_payload(path):
    """Turn one bit in the middle of the payload."""
    image = container.read(path)
    data = bytearray(path.read_bytes())
    data[image.header_size + image.payload_size // 2] ^= 1
    path.write_bytes(data)


def claim_digest(path):
    """Put the SHA-256 that the image has now in the place of the one it was signed with."""
    image = container.read(path)
    data = path.read_bytes()
    at = data.index(container.first(image.plain, _SHA256), image.covered)
    path.write_bytes(data[:at] + container.digest(image) + data[at + 32 :])
