"""fast.py is for machines that are not here: at least it compiles for each of them."""

import subprocess

import pytest

from tools import paths

FAST = paths.ROOT / "lib" / "notedfu" / "fast.py"
MACHINES = ("armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa", "xtensawin", "rv32imc", "x64")


def compiled(source, machine, folder):
    """mpy-cross holds numbers as a 32-bit board does: one of 2**30 or more is an object, a viper error."""
    target = folder / (machine + ".mpy")
    command = [paths.MPY_CROSS, "-march=" + machine, "-o", str(target), str(source)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


@pytest.mark.parametrize("machine", MACHINES)
def test_viper_compiles_for_every_machine_with_small_numbers_only(machine, tmp_path):
    assert compiled(FAST, machine, tmp_path) == (0, "")


def test_a_large_number_would_show(tmp_path):
    source = tmp_path / "large.py"
    source.write_text(FAST.read_text().replace("c < 97", "c < 0x40000000"))
    status, said = compiled(source, "armv6m", tmp_path)
    assert status != 0 and "ViperTypeError" in said


def test_it_cannot_be_imported_here():
    with pytest.raises(ImportError):
        import notedfu.fast  # noqa: F401
    from notedfu import twins

    assert twins.fast is None
