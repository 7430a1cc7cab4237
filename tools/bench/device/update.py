"""One boot of the device, from power-up to the reset or the mark that is asked for."""

import bench_app
import port
import prepare
import world


def run(arguments):
    """Arguments: flash's address and length, wire, time; filesystem's blocks, region's blocks,
    flash's class, mark, time's class."""
    address, wire_fd = int(arguments[0]), int(arguments[2])
    fs_blocks, region_blocks = int(arguments[5]), int(arguments[6])
    time = getattr(world, arguments[9])(int(arguments[3]))
    wire = world.Wire(wire_fd, time)
    flash = getattr(world, arguments[7])
    prepare.mount(flash(address, fs_blocks, time))
    region = flash(address + 4096 * fs_blocks, region_blocks, time)
    bench_app.wire, bench_app.time, bench_app.until = wire, time, arguments[8]
    bench_app.mark("boot")

    from notedfu import bootup

    bootup.run(port.Port("/d", time, wire, region))
    wire.end("repl")
