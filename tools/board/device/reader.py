# Reads a flash file for tools/board/inspect.py: `micropython reader.py ROOT`, with a line of JSON on stdin;
# it answers on stdout.
import json
import sys

sys.path.insert(0, sys.argv[1])

import os  # noqa: E402

import vfs  # noqa: E402

from tools.flash.blockdev import BlockDevice, FatDevice  # noqa: E402
from tools.flash.nor import NorFlash  # noqa: E402
from tools.flash.store import FileStore  # noqa: E402

out = sys.stdout.buffer


def refuse(*args):
    raise OSError(30)


def say_files(folder):
    """Each file as a line of JSON (path, size), then its bytes."""
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            out.write(json.dumps({"folder": path[2:]}) + "\n")
            say_files(path)
            continue
        size = os.stat(path)[6]
        out.write(json.dumps({"path": path[2:], "size": size}) + "\n")
        with open(path, "rb") as file:
            while True:
                piece = file.read(4096)
                if not piece:
                    break
                out.write(piece)


config = json.loads(sys.stdin.readline())
nor = NorFlash(
    FileStore(open(config["flash"], "rb"), config["size"]), config["erase_block"], config["program_unit"]
)
nor.program = nor.erase = refuse
if config["fs"] == "fat":
    filesystem = vfs.VfsFat(FatDevice(nor, 0, config["fs_blocks"]))
else:
    filesystem = vfs.VfsLfs2(BlockDevice(nor, 0, config["fs_blocks"]), progsize=config["program_unit"])
vfs.mount(filesystem, "/b", readonly=True)
say_files("/b")
out.write(json.dumps({"end": True}) + "\n")
