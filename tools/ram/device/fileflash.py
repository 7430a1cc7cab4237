"""Flash in a file of the computer's: none of it lies in the heap, but for the file's object."""

_BLOCK = 4096
_file = None


class FileFlash:
    """The block protocol over the file, from its byte `address` on."""

    def __init__(self, address, blocks, time):
        self._at = address
        self._blocks = blocks
        self._blank = b"\xff" * 256

    def readblocks(self, block, buf, offset=0):
        _file.seek(self._at + block * _BLOCK + offset)
        _file.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        _file.seek(self._at + block * _BLOCK + offset)
        _file.write(buf)

    def ioctl(self, op, arg):
        if op == 4:
            return self._blocks
        if op == 5:
            return _BLOCK
        if op == 6:
            _file.seek(self._at + arg * _BLOCK)
            for _ in range(_BLOCK // 256):
                _file.write(self._blank)
        return 0


def open_flash(path):
    """Before any FileFlash is used."""
    global _file
    _file = open(path, "r+b")
