"""Where the stubs are wrong: (stub, its text, the text that is right). The text must be there once.

With None for its text, a stub that is missing.
"""

_PRINT_EXCEPTION = "def print_exception(\n    exc: BaseException | Type[BaseException],\n    /,\n    "
# extmod/modvfs.c has it where there is a ROMFS
_VFS_ROM = (
    "vfs.pyi",
    "\nclass VfsFat(",
    "\nclass VfsRom:\n    def __init__(self, buffer: memoryview) -> None: ...\n\nclass VfsFat(",
)

CORRECTIONS = {
    "esp32": [
        # Partition.RUNNING and BOOT are numbers: ports/esp32/esp32_partition.c, esp32_partition_make_new
        ("esp32.pyi", "__init__(self, id: str, block_size=", "__init__(self, id: str | int, block_size="),
    ],
    "rp2": [_VFS_ROM],
    "stm32": [_VFS_ROM],
    "circuitpython": [
        # the namespace of all pins: shared-bindings/microcontroller/__init__.c has it among its globals
        (
            "microcontroller-stubs/__init__.pyi",
            "\ncpu: Processor\n",
            "\nclass _Pins:\n    def __getattr__(self, name: str) -> Pin: ...\n\npin: _Pins\n"
            "cpu: Processor\n",
        ),
        # its own documentation says that an exception in `exc` is enough, as in CPython from 3.10 on
        (
            "traceback-stubs/__init__.pyi",
            _PRINT_EXCEPTION + "value: BaseException,",
            _PRINT_EXCEPTION + "value: Optional[BaseException] = None,",
        ),
        # py/modbuiltins.c has it among the exceptions, py/objexcept.c its parent
        ("__builtins__.pyi", None, "class ReloadException(BaseException): ...\n"),
    ],
}
