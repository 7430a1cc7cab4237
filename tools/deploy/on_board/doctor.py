# ruff: noqa: F821 - ROOT is given: where boot.py lies; missing() comes from missing.py
# What a board has, with or without the updater on it. It changes nothing, and asks the Notecard for its
# version.
import gc
import json
import os
import sys

ASKED = (
    "binascii hashlib json deflate micropython machine vfs asyncio cryptolib esp32 rp2 pyb _onewire network "
    "busio adafruit_bus_device storage watchdog dualbank"
).split()


def has(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def digest(name):
    """Whether hashlib has it: MicroPython by name, CircuitPython by hashlib.new alone."""
    try:
        import hashlib

        getattr(hashlib, name, None) or hashlib.new(name)
    except (AttributeError, ImportError, ValueError):
        return False
    return True


def blocks(name, one):
    count, size = one.ioctl(4, 0), one.ioctl(5, 0)
    return "%s: %d blocks of %d bytes, the filesystem among them" % (name, count, size)


def flash():
    """Raw flash that programs can reach, in words."""
    found = []
    if has("esp32"):
        from esp32 import Partition

        for kind in (Partition.TYPE_APP, Partition.TYPE_DATA):
            for one in Partition.find(kind):
                found.append("partition %s at 0x%x, %d bytes" % (one.info()[4], one.info()[2], one.info()[3]))
    if has("rp2"):
        from rp2 import Flash

        one = Flash()
        found.append(blocks("rp2.Flash", one))
    if has("pyb"):
        from pyb import Flash

        one = Flash(start=0)
        one.ioctl(1, 1)
        found.append(blocks("pyb.Flash", one))
    found += romfs()
    return found


def romfs():
    """The partition that the target `romfs` uses, in words."""
    try:
        import vfs

        segment = vfs.rom_ioctl(2, 0) if vfs.rom_ioctl(1) > 0 else -1
    except (AttributeError, ImportError, OSError):
        return []
    if isinstance(segment, int):
        return []
    return ["a ROMFS partition of %d bytes" % len(memoryview(segment))]


def notecard():
    """What card.version says, by the library that is there; or why not."""
    try:
        from notedfu.assemble import assemble
        from notedfu.device import Device

        if has("supervisor"):
            from notedfu.port.circuitpython import Port

            port = Port()
        else:
            from notedfu.port.micropython import port
    except ImportError:
        return {"error": "the updater is not on the board, so nothing can ask it"}
    try:
        one = Device(port)
        reply = assemble(one)[1].request({"req": "card.version"})
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return {"error": "%s: %s" % (type(error).__name__, error), "link": Device(port).settings.link}
    return {"version": reply.get("version"), "device": reply.get("device"), "link": one.settings.link}


def updater():
    try:
        import notedfu
        from notedfu import __version__
        from notedfu.settings import Settings
    except ImportError:
        return None
    path = notedfu.__file__
    library = "frozen" if path[:1] != "/" else "mpy" if path[-4:] == ".mpy" else "source"
    settings = Settings().load(ROOT + "/notedfu.json")
    error = settings.error
    trusts = settings.allow_unsigned or bool(settings.keys)
    return {
        "version": __version__,
        "settings": error and error.text,
        "missing": missing(settings),
        "trusts": trusts,
        "library": library,
    }


def drive():
    """Who may write to a CIRCUITPY drive, and what is kept for boot.py; None on other boards."""
    try:
        import microcontroller
        import storage
    except ImportError:
        return None
    return {"readonly": storage.getmount("/").readonly, "nvm": len(microcontroller.nvm or b"")}


status = os.statvfs(ROOT or "/")
version = ".".join(str(part) for part in sys.implementation[1][:3])
gc.collect()
answer = {
    "interpreter": "%s %s" % ("circuitpython" if has("supervisor") else sys.implementation[0], version),
    "machine": getattr(sys.implementation, "_machine", sys.platform),
    "heap": gc.mem_free(),
    "beside": "notedfu.supervise" in sys.modules,
    "bits": 64 if sys.maxsize >> 31 else 32,
    "modules": [name for name in ASKED if has(name)],
    "sha256": digest("sha256"),
    "md5": digest("md5"),
    "unit": status[0],
    "size": status[0] * status[2],
    "free": status[0] * status[3],
    "flash": flash(),
    "drive": drive(),
    "updater": updater(),
}
answer["notecard"] = notecard()
print("\x1e" + json.dumps(answer))
