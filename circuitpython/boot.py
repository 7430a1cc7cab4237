# Belongs to notedfu and is never part of an image. Prints nothing: CircuitPython writes to flash when that
# changes.
from notedfu import inboot
from notedfu.port.circuitpython import BootPort

inboot.boot(BootPort())
