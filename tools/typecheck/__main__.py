"""Part of `make lint`: python -m tools.typecheck. Exit status 1 if a call does not fit a port's stubs.

`python -m tools.typecheck stubs PYTHON` makes the stubs first: a folder a port below build/lint, filled by
that interpreter's pip from tools/stubs/PORT.txt and corrected as corrections.py says.
"""

import json
import os
import shutil
import subprocess
import sys

from tools import paths
from tools.typecheck.corrections import CORRECTIONS
from tools.typecheck.ports import ABSENT, FILES

LINT = paths.BUILD / "lint"
STUBS = paths.ROOT / "tools" / "stubs"
PYRIGHT = paths.BUILD / "npm" / "node_modules" / "pyright" / "index.js"


def stubs(port):
    """The folder of that port's stubs; a name that no import could mean."""
    return LINT / ("stubs-" + port)


def make_stubs(port, python):
    """Fill the folder of `port`, which is made anew."""
    folder = stubs(port)
    shutil.rmtree(folder, ignore_errors=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--only-binary", ":all:", "--target", str(folder), "-r", str(STUBS / (port + ".txt"))]
    subprocess.run(pip, check=True)
    for name, wrong, right in CORRECTIONS[port]:
        stub = folder / name
        text = stub.read_text(encoding="utf-8") if stub.exists() else None
        if wrong is None and text is None:
            stub.write_text(right, encoding="utf-8")
        elif wrong is not None and text is not None and text.count(wrong) == 1:
            stub.write_text(text.replace(wrong, right), encoding="utf-8")
        else:
            sys.exit("%s of %s has changed: look at tools/typecheck/corrections.py" % (name, port))


def configuration(port, files):
    """pyright's for one port; it takes relative paths only."""

    def relative(path):
        return os.path.relpath(path, LINT)

    made = {
        "include": [relative(paths.ROOT / name) for name in files],
        "extraPaths": [relative(paths.ROOT / "lib"), stubs(port).name],
        "stubPath": stubs(port).name,
        "pythonVersion": "3.10",
        "pythonPlatform": "Linux",
        "typeCheckingMode": "standard",
        "reportMissingModuleSource": "none",  # a module in the interpreter has none
    }
    if (stubs(port) / "stdlib").is_dir():
        made["typeshedPath"] = stubs(port).name
    return made


def reported(port, files):
    """(file:line, message) of each error."""
    path = LINT / (port + ".json")
    path.write_text(json.dumps(configuration(port, files), indent=1))
    command = ["node", str(PYRIGHT), "--outputjson", "--project", str(path)]
    command += ["--pythonpath", str(LINT / "venv" / "bin" / "python")]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        told = json.loads(done.stdout)
    except ValueError:
        sys.exit("pyright failed: %s" % (done.stdout + done.stderr))
    assert told["summary"]["filesAnalyzed"] >= len(files), told["summary"]
    for one in told["generalDiagnostics"]:
        if one["severity"] == "error":
            name = os.path.relpath(one["file"], paths.ROOT)
            yield "%s:%d" % (name, one["range"]["start"]["line"] + 1), one["message"]


def check(port, files):
    """The complaints about one port, as lines."""
    absent = list(ABSENT[port])
    for place, message in reported(port, files):
        if message in ABSENT[port]:
            if message in absent:
                absent.remove(message)
        else:
            yield "%s on %s: %s" % (place, port, message)
    for message in absent:
        yield "%s: no longer reported, take it out of tools/typecheck/ports.py: %s" % (port, message)


def main(arguments):
    if arguments:
        for port in FILES:
            make_stubs(port, arguments[1])
        return 0
    wrong = [line for port, files in FILES.items() for line in check(port, files)]
    print("\n".join(wrong) or "calls fit the stubs of %s" % ", ".join(FILES))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
