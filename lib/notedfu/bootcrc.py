"""CRC-32 as a function of short data, where the interpreter has none. crc32.py has the running one."""


def by_table(data, value=0):
    """As binascii.crc32; an int, so 32-bit interpreters allocate."""
    from notedfu.crc32 import table_update

    state = bytearray(value.to_bytes(4, "little"))
    table_update(state, data, 0, len(data))
    return int.from_bytes(state, "little")
