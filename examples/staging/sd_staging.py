"""Staging on an SD card, without a filesystem: what lies on it is lost.

In notedfu.json: "staging": "flash", "staging_module": "sd_staging". On the board: /sd_staging.py.
"""

from notedfu.port.sectors import Sectors

_FIRST = 0  # sectors of 512 bytes: say where, if there is something else on the card
_COUNT = 4096


def region(settings):
    try:
        from machine import SDCard  # esp32, mimxrt; pyb.SDCard() on a Pyboard
    except ImportError:
        import board
        import sdcardio

        return Sectors(sdcardio.SDCard(board.SPI(), board.SD_CS), _FIRST, _COUNT)
    return Sectors(SDCard(slot=2), _FIRST, _COUNT)
