"""vfs.rom_ioctl and the partition behind it, over the NOR model, as strict as each kind of port is.

Read: ports/stm32/vfs_rom_ioctl.c, ports/esp8266/vfs_rom_ioctl.c, ports/rp2/rp2_flash.c, extmod/vfs.c.
"""

import sys

_EINVAL = -22

STM32 = "stm32"  # memory; a part can be prepared, in whole blocks; writes whole words and drops the rest
ESP8266 = "esp8266"  # memory; prepared from its front only, the third argument is the length
RP2 = "rp2"  # a block device with the buffer protocol; checks no bounds, reports nothing
KINDS = (STM32, ESP8266, RP2)


class _Mapped:
    """What the chip shows as memory: brought up to date after each operation."""

    def __init__(self, nor, first, count):
        self.nor = nor
        self.first = first
        self.block = nor.erase_block
        self.start = first * nor.erase_block
        self.size = count * nor.erase_block

    def show(self, memory):
        nor = self.nor
        if not nor.dead:
            nor.readinto(self.start, memoryview(memory))

    def erase(self, at, memory):
        if at % self.block or at + self.block > self.size:
            self.nor.refuse("erase at %d of a ROMFS of %d bytes" % (at, self.size))
        answer = self.nor.erase(self.first + at // self.block)
        self.show(memory)
        return answer

    def program(self, at, data, memory):
        if at < 0 or at + len(data) > self.size:
            self.nor.refuse("program of %d bytes at %d of a ROMFS of %d" % (len(data), at, self.size))
        answer = self.nor.program(self.start + at, data)
        self.show(memory)
        return answer


class Device(bytearray):
    """RP2: the partition as a block device, and as memory by the buffer protocol."""

    def onto(self, mapped):
        self.mapped = mapped
        mapped.show(self)
        return self

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.mapped.size // self.mapped.block
        if operation == 5:
            return self.mapped.block
        if operation == 6:
            self.mapped.erase(argument * self.mapped.block, self)
        return 0

    def readblocks(self, block, buf, offset=0):
        at = block * self.mapped.block + offset
        buf[:] = self[at : at + len(buf)]

    def writeblocks(self, block, buf, offset):
        if offset + len(buf) > self.mapped.block:
            self.mapped.nor.refuse("not all ports write beyond a block")
        self.mapped.program(block * self.mapped.block + offset, buf, self)


class _Segment:
    """Memory, and the operations that write it."""

    def __init__(self, mapped, whole):
        self._mapped = mapped
        self._whole = whole
        self.memory = bytearray(mapped.size)
        mapped.show(self.memory)

    def rom_ioctl(self, operation, *arguments):
        if operation == 1:
            return 1
        if not arguments or arguments[0] != 0:
            return _EINVAL
        if operation == 2:
            return memoryview(self.memory)
        if operation == 3:
            return self._prepare(*arguments[1:])
        if operation == 4:
            at, data = arguments[1:]
            if at < 0 or at + len(data) > self._mapped.size:
                return _EINVAL
            return self._mapped.program(at, memoryview(data)[: len(data) // 4 * 4], self.memory)
        if operation == 6 and not self._whole:
            return self._mapped.block
        return _EINVAL  # complete as well, where the port has no case for it

    def _prepare(self, first, length=None):
        if length is None or self._whole:
            first, length = 0, first
        if first + length > self._mapped.size:
            return _EINVAL
        for at in range(first, first + length, self._mapped.block):
            answer = self._mapped.erase(at, self.memory)
            if answer < 0:
                return answer
        return 4


class Vfs:
    """The module `vfs` of a board with such a partition. real: the interpreter's own, for all else."""

    def __init__(self, real, rom_ioctl):
        if rom_ioctl is not None:
            self.rom_ioctl = rom_ioctl
        for name in dir(real):
            if name[0] != "_":
                setattr(self, name, getattr(real, name))


def install(nor, first, count, kind, real):
    """Power-up: let `vfs` have a ROMFS of `count` blocks from `first` on. real: the module without it.

    kind None: a firmware without ROMFS. Returns what vfs.rom_ioctl(2, 0) does.
    """
    ioctl = None
    if kind == RP2:
        device = Device(count * nor.erase_block).onto(_Mapped(nor, first, count))

        def ioctl(operation, *arguments):
            return 1 if operation == 1 else device if operation == 2 else _EINVAL

    elif kind:
        ioctl = _Segment(_Mapped(nor, first, count), kind == ESP8266).rom_ioctl
    made = Vfs(real, ioctl)
    sys.modules["vfs"] = made
    module = sys.modules.get("notedfu.port.roms")
    if module is not None:
        module.vfs = made
    return ioctl(2, 0) if ioctl else None
