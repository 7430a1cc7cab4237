"""On a real 32-bit interpreter: the stages are right, and plain bytecode allocates no more than it must."""

import json
import shutil
import subprocess

import pytest

from tools import paths

RUN = paths.ROOT / "tools" / "wasm" / "run.mjs"


def on_wasm(script):
    command = [shutil.which("node"), str(RUN), str(paths.WASM), str(paths.ROOT), str(script)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def stages():
    return json.loads(on_wasm(paths.ROOT / "tools" / "wasm" / "stages.py").splitlines()[-1])


def test_it_is_32_bits_without_viper_and_the_page_is_right(stages):
    assert stages["bits"] == 32 and not stages["viper"] and stages["right"]


def test_what_needs_no_bigint_allocates_nothing(stages):
    assert stages["table_crc32_alone"] == 0
    assert stages["cobs"] == 0


def test_crc32_by_binascii_costs_a_view_and_a_bigint_an_update(stages):
    # 22 transfers, 3 more updates around the crc, 2 copies: a block of 16 bytes for each view, two a bigint.
    assert 0 < stages["binascii_crc32_alone"] <= 27 * 64


def test_a_failure_in_the_script_is_a_failure(tmp_path):
    script = tmp_path / "raises.py"
    script.write_text("raise ValueError('seen')\n")
    with pytest.raises(AssertionError, match="seen"):
        on_wasm(script)
