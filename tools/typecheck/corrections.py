"""Where the stubs are wrong: (stub, its text, the text that is right). The text must be there once."""

CORRECTIONS = {
    "esp32": [
        # Partition.RUNNING and BOOT are numbers: ports/esp32/esp32_partition.c, esp32_partition_make_new
        ("esp32.pyi", "__init__(self, id: str, block_size=", "__init__(self, id: str | int, block_size="),
    ],
    "rp2": [],
    "stm32": [],
    "circuitpython": [
        # the namespace of all pins: shared-bindings/microcontroller/__init__.c has it among its globals
        (
            "microcontroller-stubs/__init__.pyi",
            "\ncpu: Processor\n",
            "\nclass _Pins:\n    def __getattr__(self, name: str) -> Pin: ...\n\npin: _Pins\n"
            "cpu: Processor\n",
        ),
    ],
}
