# The device's first code: mounts the ROM, and runs the module that the arguments name.
# Arguments: ROM's address and length, flash's, the wire's descriptor, where time begins in us, the module,
# its arguments.
import sys

import uctypes
import vfs

arguments = sys.argv[1:]
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(arguments[0]), int(arguments[1]))), "/rom")
sys.path[:] = ["/rom"]
__import__(arguments[6]).run(arguments[2:])
