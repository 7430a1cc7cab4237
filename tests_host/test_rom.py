"""The ROMFS partition on each kind of port: written, found again, refused. Its fakes are tested first."""

import sys

import romfs
from check import code_of, raises
from notedfu.clock import Clock
from notedfu.errors import LocalError
from notedfu.glance import crc32
from scratch import Scratch, read, write
from tools.board.device import romflash
from tools.flash.nor import FlashViolation, NorFlash

BLOCKS = 8
FIRST = 2  # what is in front belongs to others
NAME = b"1234"


class NoVfs:
    """A module `vfs` that mounts nothing."""

    mounted = []

    @staticmethod
    def VfsRom(view):
        return bytes(view[:3])

    @classmethod
    def mount(cls, filesystem, path):
        cls.mounted.append((filesystem, path))

    @classmethod
    def umount(cls, path):
        if not cls.mounted:
            raise OSError(22)
        cls.mounted.pop()


class On:
    """A board with a ROMFS partition of this kind, for a `with`; gives what vfs.rom_ioctl(2, 0) gives."""

    def __init__(self, kind, unit=256):
        self._before = {name: sys.modules.get(name) for name in ("vfs", "notedfu.port.roms")}
        self.nor = NorFlash(bytearray(b"\x55" * (FIRST + BLOCKS) * 4096), 4096, unit)
        sys.modules.pop("notedfu.port.roms", None)
        self._kind = kind

    def __enter__(self):
        self.segment = romflash.install(self.nor, FIRST, BLOCKS, self._kind, NoVfs)
        return self

    def __exit__(self, *_):
        for name in self._before:
            sys.modules.pop(name, None)
            if self._before[name] is not None:
                sys.modules[name] = self._before[name]

    def rom(self):
        from notedfu.port.roms import rom

        return rom()


def clock():
    return Clock(lambda: 0, lambda later, earlier: later - earlier, lambda ms: None)


def bring(on, folder, data, name=NAME):
    from notedfu.romcopy import Copy

    write(folder + "/app.romfs", data)
    Copy(on.rom(), folder + "/rom", clock()).bring(name, folder + "/app.romfs", len(data), crc32(data))


def test_a_fake_segment_has_the_quirks_of_its_port():
    with On(romflash.STM32):
        ioctl = sys.modules["vfs"].rom_ioctl
        assert ioctl(1) == 1 and ioctl(6, 0) == 4096 and ioctl(5, 0) == -22 and ioctl(2, 1) == -22
        assert ioctl(3, 0, 4096, 4096) == 4 and ioctl(3, 0, 0, 9 * 4096) == -22
        view = ioctl(2, 0)
        assert bytes(view[4096:8192]) == b"\xff" * 4096 and view[0] == view[8192] == 0x55
        assert ioctl(4, 0, 4096, b"a" * 256) == 0 and view[4096] == 0x61
        raises(FlashViolation, ioctl, 4, 0, 4096, b"b" * 256)
        raises(FlashViolation, ioctl, 3, 0, 100, 4096)
    with On(romflash.STM32, unit=4):
        ioctl = sys.modules["vfs"].rom_ioctl
        assert ioctl(3, 0, 4096) == 4 and ioctl(4, 0, 0, b"abcdef") == 0
        assert bytes(ioctl(2, 0)[:6]) == b"abcd\xff\xff"
    with On(romflash.ESP8266):
        ioctl = sys.modules["vfs"].rom_ioctl
        assert ioctl(6, 0) == -22 and ioctl(3, 0, 4096, 8192) == 4  # the offset is taken for the length
        assert bytes(ioctl(2, 0)[4095:4097]) == b"\xff\x55"


def test_a_fake_device_has_the_quirks_of_its_port():
    with On(romflash.RP2) as on:
        device = on.segment
        assert (device.ioctl(4, 0), device.ioctl(5, 0), device.ioctl(6, 1)) == (8, 4096, 0)
        assert bytes(memoryview(device)[4095:4097]) == b"\x55\xff"
        raises(FlashViolation, device.ioctl, 6, 8)
        raises(FlashViolation, device.writeblocks, 1, bytes(4096), 256)
        assert device.writeblocks(1, b"a" * 256, 256) is None and device[4096 + 256] == 0x61


def test_what_a_slot_brings_lies_behind_a_blank_page_and_is_written_once():
    data = romfs.made({"app.py": b"# " + b"long" * 3000})
    for kind in romflash.KINDS:
        with On(kind) as on, Scratch() as folder:
            bring(on, folder, data)
            view = on.rom().view
            assert bytes(view[:4096]) == b"\xff" * 4096 and bytes(view[4096 : 4096 + len(data)]) == data
            assert read(folder + "/rom") == NAME
            before = on.nor.operations
            bring(on, folder, data)
            assert on.nor.operations == before, "it is there"
            bring(on, folder, data, b"5678")
            assert on.nor.operations > before, "the mark says that the last copy was another slot's"
            rom = on.rom()
            rom.mount(4096)
            assert NoVfs.mounted == [(b"\xd2\xcd\x31", "/rom")]
            rom.unmount()
            rom.unmount()


def test_a_partition_need_not_be_whole_in_steps_of_what_is_prepared_at_once():
    data = romfs.made({"app.py": b"1" * 4096 * 6})
    for least in (3 * 4096, 16 * 4096):
        with On(romflash.STM32) as on, Scratch() as folder:
            ioctl = sys.modules["vfs"].rom_ioctl
            sys.modules["vfs"].rom_ioctl = lambda *args: least if args[0] == 6 else ioctl(*args)  # noqa: B023
            bring(on, folder, data)
            assert bytes(on.rom().view[4096 : 4096 + len(data)]) == data


def test_what_was_put_there_by_cable_is_found_and_replaced():
    data = romfs.made({"app.py": b"x = 1\n"})
    with On(romflash.STM32) as on, Scratch() as folder:
        bring(on, folder, data)
        ioctl = sys.modules["vfs"].rom_ioctl
        ioctl(3, 0, 0, 8192)
        ioctl(4, 0, 0, data + bytes(256 - len(data)))  # as `mpremote romfs deploy` does it
        bring(on, folder, data)
        assert bytes(on.rom().view[:3]) == b"\xff\xff\xff", "the firmware must not mount it"


def test_a_bad_block_and_one_too_many_are_faults():
    for kind in romflash.KINDS:
        with On(kind) as on, Scratch() as folder:
            data = romfs.made({"app.py": b"1" * 4096 * 6})
            on.nor.bad_blocks.add(FIRST + 3)
            assert code_of(LocalError, bring, on, folder, data) == "rom-fault"
            assert read(folder + "/rom") == b"\xff" * 4
            on.nor.bad_blocks.clear()
            bring(on, folder, data)
            before = on.nor.operations
            too_large = romfs.made({"app.py": b"1" * 4096 * 7})
            assert code_of(LocalError, bring, on, folder, too_large, b"5678") == "rom-fault"
            assert on.nor.operations == before, "nothing was erased for it"


def test_nothing_is_written_below_a_module_that_runs_from_there():
    class Loaded:
        __file__ = "/rom/lib/helper.mpy"

    with On(romflash.RP2) as on, Scratch() as folder:
        sys.modules["helper"] = Loaded
        try:
            assert code_of(LocalError, bring, on, folder, romfs.made({})) == "rom-fault"
        finally:
            del sys.modules["helper"]
        assert on.nor.operations == 0


class Samd:
    """The module `sys` of a SAMD."""

    platform = "samd"


def test_boards_without_a_partition_or_with_one_that_is_dangerous_have_none():
    for kind in (None, romflash.RP2):
        with On(kind) as on:
            __import__("notedfu.port.roms")
            sys.modules["notedfu.port.roms"].sys = Samd
            assert code_of(LocalError, on.rom) == "no-rom", kind
    with On(romflash.STM32) as on:
        sys.modules["vfs"].rom_ioctl = lambda *arguments: 0
        assert code_of(LocalError, on.rom) == "no-rom"
        sys.modules["vfs"].rom_ioctl = lambda *arguments: 1 if arguments[0] == 1 else -22
        assert code_of(LocalError, on.rom) == "no-rom"
