# ruff: noqa: F821 - given: ROOT, where boot.py lies, and LENGTH, bytes that the filesystem gets; 0 tells only.
# pyb.Flash(start=0) begins with the filesystem; ports/stm32/main.c mounts as much as the superblock says.
import json
import os

import pyb

flash = pyb.Flash(start=0)
flash.ioctl(1, 1)  # native blocks
block = flash.ioctl(5, 0)
status = os.statvfs(ROOT)
answer = {
    "block": block,
    "total": block * flash.ioctl(4, 0),
    "filesystem": status[1] * status[2],
    "used": status[1] * (status[2] - status[3]),
    "lfs2": hasattr(os, "VfsLfs2"),
    "root": ROOT,
}
if LENGTH:
    os.chdir("/")
    os.umount(ROOT)
    part = pyb.Flash(start=0, len=LENGTH)
    os.VfsLfs2.mkfs(part)
    os.mount(os.VfsLfs2(pyb.Flash(start=0, len=LENGTH)), ROOT)
    os.chdir(ROOT)
print("\x1e" + json.dumps(answer))
