"""What each kind of board has: its modules, and the files that its firmware runs."""

import sys

from tools.board.device import facades, i2c, machine, uart

_LOST = ("rp2", "stm32", "stm32-romfs")  # all interrupts are off while flash is written: UART bytes are lost

_ROM = 16  # blocks of the ROMFS partition, the last ones


def install(name, nor, fs_blocks, hard):
    """Make the modules of the board `name`, all but CircuitPython's. Returns them by name.

    hard: whether this boot is a hard reset.

    Only those are loaded: they share the heap with the code under test.
    """
    facades.platform = (
        "esp32" if name.startswith("esp32") else "pyboard" if name.startswith("stm32") else "rp2"
    )
    if name in _LOST:
        nor.on_busy = uart.miss
    modules = {"machine": machine, "umachine": machine}
    if name.startswith("esp32"):
        from tools.board.device import esp32

        if name == "esp32-ota":
            _start_firmware(esp32.install_ota(nor, fs_blocks, hard), nor, fs_blocks, esp32)
        else:
            esp32.install(nor, fs_blocks, name == "esp32-slots")
        modules["esp32"] = esp32
    elif name.startswith("stm32"):
        from tools.board.device import pyb

        pyb.install(nor)
        i2c.ids = (1, 2)
        uart.ids = (1, 2, 3, 4, 6)
        modules["pyb"] = pyb
        if name == "stm32-romfs":
            import vfs

            from tools.board.device import romflash

            romflash.install(nor, nor.block_count - _ROM, _ROM, romflash.STM32, vfs)
            facades.vfs = sys.modules["vfs"]
    elif name == "rp2":
        from tools.board.device import rp2

        rp2.install(nor)
        modules["rp2"] = rp2
    return modules


def _start_firmware(bootloader, nor, fs_blocks, esp32):
    """The interpreter is the same on each firmware, unless that says that it takes no .mpy of today."""
    from tools.board import firmware

    start = bytearray(112)
    first = esp32.ota_layout(nor.block_count, fs_blocks)[1][bootloader.running][0]
    nor.readinto(first * nor.erase_block, memoryview(start))
    if firmware.project_in(start) == firmware.REFUSES_MPY:
        import builtins

        builtins.__import__ = _refusing(builtins.__import__)


def _refusing(load):
    def without_mpy(name, *more):
        if name.split(".")[0] == "notedfu":
            raise ValueError("incompatible .mpy file")
        return load(name, *more)

    return without_mpy
