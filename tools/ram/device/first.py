# The first code, on an interpreter with a filesystem of the computer's.
# Arguments: the folder of the bench's modules and the library's .mpy, the flash's file, the folders that the
# library is imported from, the wire's descriptor, where time begins in us, the module, its arguments.
import sys

import vfs

arguments = sys.argv[1:]
vfs.mount(vfs.VfsPosix(arguments[0]), "/rom")
sys.path[:] = ["/rom/device"] + arguments[2].split(":")
__import__("fileflash").open_flash(arguments[1])
__import__(arguments[5]).run(["0", "0"] + arguments[3:])
