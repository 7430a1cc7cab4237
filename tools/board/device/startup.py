"""From power to prompt, in the order of a board's firmware (ports/rp2/main.c, ports/rp2/modules/_boot.py)."""

import gc
import json
import os
import struct
import sys

import vfs

from tools.board.device import facades, i2c, kind, machine, uart
from tools.board.device.chip import BoardNor
from tools.board.device.control import Control
from tools.board.device.steady import Steady
from tools.flash.blockdev import BlockDevice, FatDevice


def power_up(main_globals):
    """Build the board that the command line describes, mount its filesystem, run boot.py and main.py.

    When this returns, the interpreter shows its prompt.
    """
    config = json.loads(sys.argv[2])
    config.update(json.loads(sys.argv[3]))
    control = Control(config["control"])
    control.tell(b"ctrl-c 3\n")
    nor = BoardNor(config, control)
    machine.install(control, config["reset_cause"])
    i2c.install(config["i2c"])
    uart.install(config["uart"], config["uart_haste"])
    if config["kind"].startswith("circuitpython"):
        from tools.board.device import circuit

        circuit.power_up(config, control, nor, main_globals, _forget_the_host)
        return
    hard = config["reset_cause"] != machine.SOFT_RESET
    modules = kind.install(config["kind"], nor, config["fs_blocks"], hard)
    vfs.umount("/")
    _mount(config, nor)
    _forget_the_host(main_globals, control, modules)
    gc.collect()
    control.tell(b"heap %d %d\n" % (gc.mem_alloc(), gc.mem_free()))
    if _run("boot.py", main_globals, control) and not config["raw"]:
        _run("main.py", main_globals, control)
    gc.collect()


def _mount(config, nor):
    """Mount what is there; format it on any failure, as stock firmware does."""
    blocks, point = config["fs_blocks"], "/"
    if config["kind"].startswith("stm32"):
        blocks, point = _superblock(nor) or blocks, "/flash"
    device = FatDevice if config["fs"] == "fat" else BlockDevice
    device = Steady(device(nor, 0, blocks), nor, int(sys.argv[4]))
    driver, settings = vfs.VfsLfs2, {"progsize": config["program_unit"]}
    if config["fs"] == "fat":
        driver, settings = vfs.VfsFat, {}
    try:
        vfs.mount(driver(device, **settings), point)
    except OSError:
        driver.mkfs(device, **settings)
        vfs.mount(driver(device, **settings), point)
    os.chdir(point)


def _superblock(nor):
    """How many blocks the LittleFS at the start of the flash has: what stm32 mounts (ports/stm32/main.c)."""
    head = bytearray(32)
    for block in (0, 1):
        nor.readinto(block * nor.erase_block, head)
        if head[8:16] == b"littlefs":
            return struct.unpack_from("<I", head, 28)[0]
    return None


def _forget_the_host(main_globals, control, modules):
    for name in [name for name in sys.modules if name.split(".")[0] == "tools"]:
        sys.modules.pop(name)
    for name in modules:
        sys.modules[name] = modules[name]
    here = os.getcwd().rstrip("/")
    sys.path[:] = ["", ".frozen", here + "/lib"] + ([here] if here else [])
    sys.argv[:] = [""]
    facades.install(control)
    for name in [name for name in main_globals if not name.startswith("__")]:
        main_globals.pop(name)
    main_globals.pop("__file__", None)


def _run(name, main_globals, control):
    """Run a file in __main__ if it is there. False if it raised: then main.py's turn does not come."""
    try:
        with open(name):
            pass
    except OSError:
        return True
    try:
        execfile(name, main_globals)  # noqa: F821 - MicroPython's
    except SystemExit:
        control.halt(b"soft\n")
    except BaseException as error:  # noqa: BLE001 - as the firmware does: show it, go on to the prompt
        sys.print_exception(error, sys.stdout)
        return False
    return True
