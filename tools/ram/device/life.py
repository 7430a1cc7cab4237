"""One boot: mount, or format as stock firmware does, boot.py, main.py. The port counts for the updater."""

import gc
import sys

import fileflash
import vfs


def run(arguments):
    """Arguments: two that are not used here, wire, time, module, filesystem's blocks, mark."""
    flash = fileflash.FileFlash(0, int(arguments[5]), None)
    try:
        filesystem = vfs.VfsLfs2(flash, progsize=256)
    except OSError:
        vfs.VfsLfs2.mkfs(flash, progsize=256)
        filesystem = vfs.VfsLfs2(flash, progsize=256)
    vfs.mount(filesystem, "/d")
    gc.collect()
    before = gc.mem_alloc()
    __import__("notedfu.clock")  # the bench's modules need it: the updater's all the same
    gc.collect()
    clock = gc.mem_alloc() - before
    import bench_app
    import world

    time = world.Time(int(arguments[3]))
    wire = world.Wire(int(arguments[2]), time)
    wire.tell("clock %d" % clock)
    bench_app.wire, bench_app.time, bench_app.until = wire, time, arguments[6]
    bench_app.mark("boot")

    import port

    port.Port.md5 = no_md5
    port.port = port.Port("/d", time, wire, None)
    sys.modules["notedfu.port.micropython"] = port
    __import__("boot")
    __import__("main")
    wire.end("repl")


def no_md5(_):
    """This build has none, as an STM32's without a network."""
    return
