"""What is handed to people is complete, loads, and has the checksums that it says."""

import hashlib
import json
import subprocess
import zipfile

from tools import paths
from tools.dist import __main__ as dist


def test_package_json_lists_every_module_for_micropython():
    assert json.loads((paths.ROOT / "package.json").read_text()) == dist.package(), "make dist writes it"
    for _, source in dist.package()["urls"]:
        assert (paths.ROOT / source).is_file()


def test_the_archives_are_whole_and_their_checksums_right(tmp_path, monkeypatch):
    monkeypatch.setattr(dist, "DIST", tmp_path)
    dist.build()
    sums = (tmp_path / "SHA256SUMS").read_text().splitlines()
    for line in sums:
        wanted, name = line.split("  ")
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == wanted
    listed = json.loads((tmp_path / "mpy" / "package.json").read_text())["urls"]
    assert {name for _, name in listed} >= {"notedfu/bootup.mpy", "notedfu/fast.py"}
    assert all((tmp_path / "mpy" / name).is_file() for _, name in listed)
    with zipfile.ZipFile(next(tmp_path.glob("*circuitpython*.zip"))) as drive:
        names = drive.namelist()
    assert {"boot.py", "code.py", "safemode.py", "lib/notedfu/port/circuitpython.py"} <= set(names)
    assert "lib/notedfu/fast.py" not in names
    code = "import sys; sys.path.insert(0, %r); import notedfu.bootup; print('loaded')"
    done = subprocess.run(
        [paths.MICROPYTHON, "-c", code % str(tmp_path / "mpy")], capture_output=True, text=True
    )
    assert done.stdout == "loaded\n", done.stdout + done.stderr
