from micropython import heap_lock, heap_unlock

import notedfu.port as package
from notedfu.port import micropython


def test_boot_py_and_main_py_get_one_port():
    from notedfu.port.micropython import port

    assert port is micropython.port


def test_what_a_quiet_boot_never_asks_for_is_handed_on():
    port = micropython.port
    assert port.kept() == b"" and not port.pin_is_low(-1)
    assert port.clock().since(port.ms()) < 1000
    assert not hasattr(port, "nothing_of_that_name")


def test_a_board_whose_watchdog_or_timer_is_another_is_not_guarded_and_runs():
    ended, of_timer, of_watchdog = [], [None], [TypeError(), RuntimeError()]

    class Soft:
        PERIODIC = 1

        def __init__(self, number):
            pass

        def init(self, **settings):
            if of_timer[0] is not None:
                raise of_timer[0]

        def deinit(self):
            ended.append(self)

    class Machine:
        Timer = Soft

        @staticmethod
        def WDT(timeout):
            raise of_watchdog.pop()

    before, micropython.machine = micropython.machine, Machine
    try:
        for of_timer[0] in (None, None, RuntimeError()):
            guard = micropython.Guard()
            guard.demand(1000)
            guard.alive()
    finally:
        micropython.machine = before
    assert len(ended) == 2


def test_a_board_without_random_numbers_starts_its_app():
    class Os:
        pass

    before, package.os = package.os, Os
    try:
        found = {micropython.port.random16() for _ in range(100)}
    finally:
        package.os = before
    assert len(found) > 2 and 0 <= min(found) and max(found) < 1 << 16


def test_a_request_in_chunks_allocates_nothing_from_the_second_on():
    from notedfu.port.wires import Bus

    class I2C:
        sent = 0

        def writeto(self, address, buf):
            self.sent += len(buf)

    i2c, request, ask = I2C(), bytearray(62), bytearray(2)
    bus = Bus(i2c)

    def send():
        bus.write(0x17, request, 31)
        bus.write(0x17, request, 31)
        bus.write(0x17, request, 27)
        bus.write(0x17, ask, 2)

    send()
    heap_lock()
    try:
        send()
        send()
    finally:
        heap_unlock()
    assert i2c.sent == 3 * (31 + 31 + 27 + 2)
