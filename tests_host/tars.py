"""ustar archives made by hand, good and bad, for every interpreter."""


def header(name, size=0, kind=b"0", prefix=b"", magic=b"ustar\x0000", size_field=None, checksum=None):
    """One header of 512 bytes; the fields that matter, and zeros."""
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:107] = b"0000644"
    block[124:135] = b"%011o" % size
    if size_field is not None:
        block[124:136] = size_field
    block[156:157] = kind
    block[257:265] = magic
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % (sum(block) if checksum is None else checksum)
    return bytes(block)


def file(name, data, **more):
    """A file's header and data."""
    return header(name, len(data), **more) + data + bytes(-len(data) % 512)


def folder(name):
    """A folder's header."""
    return header(name, kind=b"5")


def archive(*members):
    """The members and the end of archive."""
    return b"".join(members) + bytes(1024)


def of_files(files):
    """An archive of {name: bytes}, sorted by name, with the folders that it needs."""
    made, members = set(), []
    for name in sorted(files):
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            if path not in made:
                made.add(path)
                members.append(folder(path.encode() + b"/"))
        members.append(file(name.encode(), files[name]))
    return archive(*members)
