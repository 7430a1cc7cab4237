"""The images that the bench offers: an app and noise, signed by a key of the bench's own."""

import random
from functools import lru_cache

from tools.bench.host import SCRATCH
from tools.image import __main__ as image_tool
from tools.image import keys, make

_APP = "import bench_app\n\n\ndef main(dfu):\n    bench_app.main(dfu)\n"


@lru_cache
def key():
    """(path of the private key, the public one as notedfu.json has it)."""
    path = SCRATCH / "key.pem"
    if not path.exists():
        image_tool.main(["keygen", str(path)])
    return path, keys.settings_text(keys.public(str(path)))


@lru_cache
def image(kib, version="2.0.0"):
    """The bytes of a signed image that is a little longer than `kib` KiB."""
    folder = SCRATCH / "app"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.py").write_text(_APP)
    (folder / "blob.bin").write_bytes(random.Random(kib).randbytes(kib * 1024))
    out = SCRATCH / ("bench-%s.img" % version)
    words = ["make", str(folder), version, str(out), "--name", "bench", "--key", str(key()[0])]
    return make.make(image_tool.parser().parse_args(words)).read_bytes()
