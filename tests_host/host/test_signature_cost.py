"""What a signature costs on MicroPython: heap, from .mpy files as they are on a board, and instructions."""

import re
import shutil
import subprocess
import sys

import pytest

from tools import paths

MODULES = ("__init__", "const", "curves", "sha512", "p256", "ed25519")
FREE_KIB = 24  # on the 64-bit binary; half of it on a board of 32 bits

# key, message, signature: RFC 6979 A.2.5, "sample"; RFC 8032 7.1, test 2 (one block of SHA-512)
EXAMPLES = {
    "p256": (
        "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf",
        "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ),
    "ed25519": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
}
MOST_INSTRUCTIONS = {"p256": 83e6, "ed25519": 100e6}

SCRIPT = """
import gc, sys
sys.path.insert(0, sys.argv[1])
scheme, free = sys.argv[2], int(sys.argv[3])
key, message, signature = [bytes.fromhex(text) for text in sys.argv[4:7]]
import notedfu

def fill():
    "Take the heap away until `free` bytes are left."
    kept = []
    size = 1 << 20
    gc.collect()
    while free and size >= 32:
        while gc.mem_free() > free + size + 64:
            try:
                kept.append(bytearray(size))
            except MemoryError:
                break
        size >>= 1
    return kept

kept = fill()
module = __import__("notedfu." + scheme, None, None, ["verify"])
print(module.verify(key, message, signature, lambda: None))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A folder with the library's modules compiled, and the script."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "notedfu").mkdir()
    for name in MODULES:
        source = paths.ROOT / "lib" / "notedfu" / (name + ".py")
        compiled = folder / "notedfu" / (name + ".mpy")
        subprocess.run([paths.MPY_CROSS, "-o", str(compiled), str(source)], check=True)
    (folder / "script.py").write_text(SCRIPT)
    return folder


def command(library, scheme, free):
    script = [paths.MICROPYTHON, "-X", "heapsize=512K", str(library / "script.py")]
    return script + [str(library), scheme, str(free), *EXAMPLES[scheme]]


@pytest.mark.parametrize("scheme", EXAMPLES)
def test_a_signature_is_verified_in_24_kib_of_heap_its_code_included(library, scheme):
    done = subprocess.run(
        command(library, scheme, FREE_KIB * 1024), capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "True\n", done.stdout + done.stderr


@pytest.mark.parametrize("scheme", EXAMPLES)
def test_a_signature_fails_for_want_of_heap_where_there_is_too_little(library, scheme):
    """The measure measures: with 4 KiB it can't be done."""
    done = subprocess.run(command(library, scheme, 4096), capture_output=True, text=True, timeout=60)
    assert "MemoryError" in done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("valgrind"), reason="counting instructions needs valgrind")
@pytest.mark.parametrize("scheme", EXAMPLES)
def test_a_signature_takes_no_more_instructions_than_promised(library, tmp_path, scheme):
    valgrind = ["valgrind", "--tool=callgrind", "--toggle-collect=main_"]
    valgrind += ["--callgrind-out-file=" + str(tmp_path / "callgrind"), sys.executable]
    done = subprocess.run(valgrind + command(library, scheme, 0), capture_output=True, text=True, timeout=300)
    assert done.stdout == "True\n", done.stderr
    instructions = int(re.search(r"Collected : (\d+)", done.stderr).group(1))
    print("%s: %.1f million instructions" % (scheme, instructions / 1e6))
    assert 20e6 < instructions <= MOST_INSTRUCTIONS[scheme]
