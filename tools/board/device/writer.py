# Writes a tree into a flash file as a computer writes to CIRCUITPY: `micropython writer.py ROOT`, and JSON
# to stdin.
import json
import sys

sys.path.insert(0, sys.argv[1])

import os  # noqa: E402

import vfs  # noqa: E402

from tools.flash.blockdev import FatDevice  # noqa: E402
from tools.flash.nor import NorFlash  # noqa: E402
from tools.flash.store import FileStore  # noqa: E402

config = json.load(sys.stdin)
nor = NorFlash(
    FileStore(open(config["flash"], "r+b"), config["size"]), config["erase_block"], config["program_unit"]
)
device = FatDevice(nor, 0, config["fs_blocks"])
vfs.VfsFat.mkfs(device)
vfs.mount(vfs.VfsFat(device), "/b")
for folder in config["folders"]:
    os.mkdir("/b" + folder)
for path, local in config["files"]:
    with open(local, "rb") as source, open("/b" + path, "wb") as target:
        while True:
            piece = source.read(4096)
            if not piece:
                break
            target.write(piece)
vfs.umount("/b")
device.ioctl(3, 0)
