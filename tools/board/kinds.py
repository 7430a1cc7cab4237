"""The boards that the virtual board can be: what a demo must know of each.

Device/kind.py is the other half.
"""

from dataclasses import dataclass, field

from tools.board.firmware import ESP32, ESP32_S3


@dataclass(frozen=True)
class Kind:
    """fs: "lfs2" or "fat".

    Settings: what notedfu.json says on it. region: what it says of raw flash, if there is any. firmware: the
    version of the one that was flashed by cable, where that is in the flash file. chip: esp_chip_id_t.
    """

    fs: str = "lfs2"
    settings: dict = field(default_factory=dict)
    region: dict | None = None
    staging: tuple = ("file", "flash")
    firmware: str = ""
    chip: int = ESP32
    image_flags: tuple = ()  # for tools.image make


_SLICE = {"staging_start": 1 << 20, "staging_length": 1792 << 10}

KINDS = {
    "rp2": Kind(settings={"i2c_id": 0, "uart_id": 1}, region=_SLICE),
    "esp32": Kind(settings={"i2c_id": 0, "uart_id": 1}, region={"staging_partition": "staging"}),
    "esp32-slots": Kind(settings={"i2c_id": 0, "uart_id": 1}, region={"staging_partition": "ota"}),
    "esp32-ota": Kind(
        settings={"i2c_id": 0, "uart_id": 1, "target": "ota"},
        region={"staging_partition": "ota"},
        firmware="1.0.0",
    ),
    "stm32": Kind(settings={"i2c_id": 1, "uart_id": 2}, region=_SLICE),
    "stm32-romfs": Kind(
        settings={"i2c_id": 1, "uart_id": 2, "target": "romfs"},
        staging=("file",),
        image_flags=("--kind", "romfs"),
    ),
    "circuitpython": Kind(
        fs="fat", settings={"uart_tx": "TX", "uart_rx": "RX"}, staging=("file",), image_flags=("--source",)
    ),
    "circuitpython-dualbank": Kind(
        fs="fat",
        settings={"uart_tx": "TX", "uart_rx": "RX", "target": "ota"},
        staging=("file",),
        image_flags=("--source",),
        firmware="1.0.0",
        chip=ESP32_S3,
    ),
}
