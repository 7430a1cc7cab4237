"""The fakes are as strict as CircuitPython's own modules (adafruit/circuitpython 10.x, shared-bindings)."""

from check import raises
from tools.board import firmware
from tools.board.device import circuitpython as fakes
from tools.board.device.circuitpython import (
    board,
    busio,
    digitalio,
    dualbank,
    hashlib,
    microcontroller,
    storage,
    supervisor,
    watchdog,
)


class Echo:
    def write(self, address, data):
        if address != 0x17:
            raise OSError(19)

    def read(self, address, n):
        return bytes(range(n))


def on(**more):
    values = {"bus": Echo(), "nvm": bytearray(b"\xff" * 256)}
    values.update(more)
    one = fakes.Board(lambda: 70000, lambda: None, **values)
    fakes.restore(fakes.install(one))
    return one


def test_a_transfer_needs_the_lock():
    on()
    bus = busio.I2C(board.SCL, board.SDA)
    raises(RuntimeError, bus.writeto, 0x17, b"x")
    assert bus.try_lock()
    assert not bus.try_lock()
    bus.writeto(0x17, b"x")
    assert raises(OSError, bus.writeto, 0x18, b"x").args == (19,)
    buf = bytearray(5)
    bus.readfrom_into(0x17, buf, start=1, end=4)
    assert buf == b"\x00\x00\x01\x02\x00"
    raises(TypeError, bus.readfrom_into, 0x17, buf, 1)
    bus.unlock()


def test_pins_are_taken_and_given_back():
    on()
    bus = busio.I2C(board.SCL, board.SDA)
    raises(ValueError, busio.I2C, board.SCL, board.SDA)
    raises(TypeError, busio.I2C, 5, 4)
    bus.deinit()
    raises(ValueError, bus.try_lock)
    one = digitalio.DigitalInOut(board.SCL)
    raises(ValueError, busio.I2C, board.SCL, board.SDA)
    one.deinit()
    busio.I2C(board.SCL, board.SDA)


def test_a_bus_without_pull_ups_is_no_bus():
    on(bus=None)
    raises(RuntimeError, busio.I2C, board.SCL, board.SDA)


def test_the_boards_own_bus_is_one_object():
    on()
    assert board.I2C() is board.I2C()


def test_what_a_vm_held_is_gone_with_it():
    one = on()
    bus = board.I2C()
    one.reload()
    raises(ValueError, bus.try_lock)


def test_nvm_takes_slices_of_their_own_length():
    one = on()
    nvm = microcontroller.nvm
    nvm[2:5] = b"abc"
    assert nvm[1:6] == b"\xffabc\xff"
    assert one.nvm_writes == 1

    def wrong():
        nvm[0:4] = b"abc"

    raises(ValueError, wrong)
    on(nvm=None)
    assert microcontroller.nvm is None


def test_remount_is_for_boot_where_there_is_usb():
    one = on()
    assert one.code_readonly
    storage.remount("/", readonly=False)
    one.end_boot()
    assert not storage.getmount("/").readonly
    raises(RuntimeError, storage.remount, "/", True)
    raises(RuntimeError, storage.disable_usb_drive)
    one.begin_boot()
    one.end_boot()
    assert storage.getmount("/").readonly  # each boot begins anew
    storage.unsafe_disable_usb_drive()
    assert not storage.getmount("/").readonly
    raises(OSError, storage.getmount, "/sd")


def test_ticks_wrap_at_2_to_the_29():
    on()
    assert supervisor.ticks_ms() == 5000  # 70 s after power-up, of which the first 65 end a period


def test_the_watchdog_has_a_limit_and_needs_its_timeout_first():
    on()
    timer = watchdog.WatchDogTimer()

    def start():
        timer.mode = watchdog.WatchDogMode.RESET

    def patience(seconds):
        timer.timeout = seconds

    raises(ValueError, start)
    raises(ValueError, patience, 9)
    raises(ValueError, timer.feed)
    patience(8)
    start()
    timer.feed()
    timer.deinit()
    raises(ValueError, timer.feed)


def test_hashlib_is_new_alone():
    assert hashlib.new("sha256", b"abc").digest()[:4] == b"\xba\x78\x16\xbf"
    raises(ValueError, hashlib.new, "md5")
    assert not hasattr(hashlib, "sha256")


def test_dualbank_wants_storage_that_is_not_extended():
    one = on()
    one.firmwares = dualbank.Firmwares(firmware.made("1.0.0", chip=firmware.ESP32_S3))
    new = firmware.made("2.0.0", 5000, chip=firmware.ESP32_S3)
    raises(RuntimeError, dualbank.flash, new)
    one.extended = False
    raises(RuntimeError, dualbank.switch)
    raises(RuntimeError, dualbank.flash, new[:288])
    raises(TypeError, dualbank.flash, new, 0)
    raises(RuntimeError, dualbank.flash, bytes(one.firmwares.slots[0]))
    dualbank.flash(new[:1000])
    one.reload()
    dualbank.flash(new[:1000])  # from the beginning: the handle was gone
    dualbank.flash(new[1000:])
    dualbank.switch()
    assert one.firmwares.version == "1.0.0" and one.firmwares.erases == 2
    one.begin_boot()
    assert one.firmwares.version == "2.0.0"
    one.begin_boot()
    assert one.firmwares.version == "2.0.0"


def test_uart_reads_whole_buffers_and_counts_its_timeout_in_seconds():
    class Port:
        def any(self):
            return 3

        def readinto(self, buf, n):
            memoryview(buf)[:n] = b"abc"[:n]
            return n

    on(serial=lambda baud, size: Port())
    raises(ValueError, lambda: busio.UART(board.TX, board.RX, timeout=250))
    raises(ValueError, lambda: busio.UART())
    uart = busio.UART(board.TX, board.RX, timeout=0, receiver_buffer_size=2048)
    assert uart.in_waiting == 3
    buf = bytearray(2)
    assert uart.readinto(buf) == 2
    raises(TypeError, lambda: uart.readinto(buf, 1))
