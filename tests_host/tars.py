"""Makes ustar archives byte by byte; the common subset only."""


def entry(name, data=b"", kind=b"0", prefix="", size=None):
    """One member: header, data, padding. size: what the header says, where that is to be a lie."""
    size = len(data) if size is None else size
    head = bytearray(512)
    _put(head, 0, name.encode())
    _put(head, 100, b"0000644\0")
    _put(head, 108, b"0000000\0")
    _put(head, 116, b"0000000\0")
    _put(head, 124, b"%011o\0" % size)
    _put(head, 136, b"00000000000\0")
    _put(head, 156, kind)
    _put(head, 257, b"ustar\00000")
    _put(head, 345, prefix.encode())
    return bytes(seal(head)) + data + bytes(-len(data) % 512)


def seal(head):
    """Put the right checksum into a 512-byte header."""
    _put(head, 148, b"        ")
    _put(head, 148, b"%06o\0 " % sum(head))
    return head


def _put(head, at, data):
    head[at : at + len(data)] = data


def archive(*entries):
    """The entries and the two zero blocks at the end."""
    return b"".join(entries) + bytes(1024)


def of_files(files):
    """An archive of {name: bytes}, sorted by name, with the folders that it needs."""
    made, entries = set(), []
    for name in sorted(files):
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in made:
                made.add(folder)
                entries.append(entry(folder + "/", kind=b"5"))
        entries.append(entry(name, files[name]))
    return archive(*entries)
