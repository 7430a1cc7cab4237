"""What is said to make arrives at the tools as it was said."""

import json
import os
import subprocess
import sys

import pytest

from tools import paths

# in the python's place: it prints what it was called with
SHOW = """%s -c 'import json, sys; print(json.dumps(sys.argv[1:]))'""" % sys.executable


def called(*words, home="/home/me"):
    """The arguments that a target's tool gets."""
    made = ["build/venv/.ready", "build/npm/.ready"]
    command = ["make", "--silent", "PY=" + SHOW, *("--old-file=" + path for path in made), *words]
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    environment["HOME"] = home
    done = subprocess.run(
        command, cwd=paths.ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)[2:]


ODD = ("my app", "it's", 'the "app"', "a  b;c&d", "~/apps/x y", "~x", "*", "-1")


@pytest.mark.parametrize("odd", ODD)
def test_a_path_may_have_anything_in_it(odd):
    there = odd.replace("~/", "/home/me/")
    made = called("image", "APP=" + odd, "VERSION=1.2.3", "OUT=" + odd, "KEY=" + odd, "COUNTER=7")
    assert made == ["make", there, "1.2.3", there, "--key", there, "--counter", "7"]
    assert called("keygen", "KEY=" + odd) == ["keygen", there, "--type", "p256"]
    by_drive = called("deploy", "DRIVE=" + odd, "APP=" + odd, "VERSION=1.2.3", "SETTINGS=" + odd)
    assert by_drive == [there, "--app", there, "--version", "1.2.3", "--settings", there]
    assert called("deploy", "PORT=" + odd, "IMAGE=" + odd) == [there, "--image", there]
    assert called("status", "PORT=" + odd) == [there]
    assert called("adopt", "PORT=" + odd, "SETTINGS=" + odd) == [there, "1.0.0", there]
    assert called("undo", "PORT=" + odd) == ["undo", there]


def test_what_is_left_out_is_no_argument():
    assert called("image", "BIN=a.bin", "VERSION=1.2.3") == ["make", "a.bin", "1.2.3", "--kind", "esp32"]
    beside = called("image", "BIN=a.bin", "APP=my app", "VERSION=1.2.3", "ARGS=--source --name x")
    assert beside[3:] == ["--kind", "esp32", "--beside", "my app", "--source", "--name", "x"]
    assert called("demo") == []
    assert called("adopt", "PORT=a") == ["a", "1.0.0"]
