"""The pipeline, put together: the one place that knows all of its parts."""

import gc

from notedfu.const import const
from notedfu.errors import LocalError

# I2C packets that are fetched before they are looked at: a buffer of 2 KiB, or of half a KiB
_MANY = const(8)
_FEW = const(2)
_LARGE_PAGE = const(4096)
_UNTICKED_MS = const(200)  # and so long it may take, since nothing ticks meanwhile


def assemble(boot):
    """Return (Updater, Notecard) for this board's settings. Allocates all of the driver's buffers."""
    gc.collect()  # before each larger import: what one has left must not lie between what stays of the next
    from notedfu.notecard import Notecard

    gc.collect()
    from notedfu.reply import Reply

    gc.collect()
    from notedfu.dfu import Dfu

    gc.collect()
    from notedfu.update import Updater

    # any start will do but the last boot's: a Notecard gives the answer to a repeated request again
    first = boot.port.random16()
    gc.collect()  # what the modules have left must not lie between what stays
    notecard = Notecard(_link(boot), boot.clock, Reply(), _waker(boot), sequence=first)
    dfu = Dfu(notecard, boot.clock, boot.take_page(), boot.settings.form)
    _say_what_is_missing(boot)
    return Updater(boot, dfu), notecard


def _say_what_is_missing(boot):
    try:
        boot.port.sha256()
    except LocalError as error:
        boot.port.say(
            "%s: no image can be checked, and all are refused; the app's files are checked by crc32"
            % error.text
        )


def _waker(boot):
    """What wakes a Notecard that sleeps: two pins, or nothing."""
    if boot.settings.rtx_pin == -1:
        from notedfu.transactions import AlwaysAwake

        return AlwaysAwake()
    from notedfu.waker import Waker

    return Waker(boot.port.wake_lines(boot.settings), boot.clock)


def _link(boot):
    settings, clock = boot.settings, boot.clock
    if settings.link == "uart":
        from notedfu.uart import UartLink

        return UartLink(boot.port.serial(settings), clock)
    from notedfu.i2c import I2CLink

    bus = boot.port.bus(settings)
    mtu, gap_ms = settings.i2c_mtu, settings.i2c_gap_ms
    packet_ms = 9000 * (mtu + 5) // settings.i2c_hz + 2 * gap_ms
    most = _FEW if settings.page < _LARGE_PAGE else _MANY
    packets = max(1, min(most, _UNTICKED_MS // packet_ms))
    return I2CLink(bus, clock, settings.i2c_address, mtu, gap_ms, packets)
