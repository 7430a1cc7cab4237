"""A download in steady state, from the bus to the page buffer, with the heap locked: nothing is allocated."""

from binascii import b2a_base64, crc32

import micropython

from notedfu import twins
from notedfu.chunks import Chunks
from notedfu.cobs import CobsDecoder
from notedfu.i2c import I2CLink
from notedfu.notecard import Notecard
from notedfu.reply import Reply
from notedfu.uart import UartLink
from tools.notecard.cobs_encode import cobs_encode
from virtual import VirtualTime

PAGES = 50
PAGE = 1024


def page_bytes(number):
    return bytes((number * 31 + i * 7 + i // 256) & 255 for i in range(PAGE))


def sealed(text, sequence):
    crc = crc32(text) & 0xFFFFFFFF
    return text[:-1] + (',"crc":"%04X:%08X"}\r\n' % (sequence, crc)).encode()


def base64_replies():
    """What the Notecard answers to dfu.get for each page, after the first request's resync."""
    for number in range(PAGES + 1):
        text = b'{"payload":"' + b2a_base64(page_bytes(number)).strip() + b'","status":"0"}'
        yield [sealed(text, number + 1)]


class Replay:
    """Both ends of a wire, with replies made in advance. A request is anything that ends in a newline."""

    def __init__(self, replies):
        self.pieces = [b"\r\n"]
        for reply in replies:
            self.pieces += reply
        self.piece = -1
        self.at = 0
        self.asked = 0

    def heard(self, c):
        if c == 10:
            self.piece += 1
            self.at = 0

    def waiting(self):
        return len(self.pieces[self.piece]) - self.at if self.piece >= 0 else 0

    def give(self, buf, at, n):
        piece = self.pieces[self.piece]
        for i in range(n):
            buf[at + i] = piece[self.at + i]
        self.at += n


class ReplayBus(Replay):
    def write(self, address, buf, n):
        if buf[0]:
            self.heard(buf[n - 1])
        else:
            self.asked = buf[1]

    def read(self, address, buf, n):
        if self.asked:
            self.give(buf, 2, self.asked)
        buf[0] = min(self.waiting(), 253)
        buf[1] = self.asked


class ReplaySerial(Replay):
    def any(self):
        return min(self.waiting(), 100)

    def readinto(self, buf, n):
        self.give(buf, 0, n)
        return n

    def write(self, buf, n):
        self.heard(buf[n - 1])


class SlowBus(ReplayBus):
    """Every other look finds nothing."""

    looks = 0

    def waiting(self):
        self.looks += 1
        return super().waiting() if self.looks & 1 else 0


class SlowSerial(ReplaySerial):
    """The same."""

    looks = 0

    def any(self):
        self.looks += 1
        return super().any() if self.looks & 1 else 0


def check(chunks, number):
    """One page; compared without an allocation."""
    chunks.begin(number * PAGE, PAGE)
    assert chunks.finish() == PAGE
    page = chunks.page
    for i in range(PAGE):
        if page[i] != (number * 31 + i * 7 + i // 256) & 255:
            raise ValueError


def run(chunks):
    check(chunks, 0)  # warm up: the resync, and what is made once
    error = None
    micropython.heap_lock()
    try:
        for number in range(1, PAGES + 1):
            check(chunks, number)
    except MemoryError as caught:
        error = caught
    finally:
        micropython.heap_unlock()
    if error is not None:
        raise error


def driver(link_of):
    clock = VirtualTime().clock()
    return Chunks(Notecard(link_of(clock), clock, Reply(512)), bytearray(PAGE), "base64", None)


def test_fifty_pages_over_i2c_allocate_nothing():
    assert twins.fast is not None
    run(driver(lambda clock: I2CLink(ReplayBus(base64_replies()), clock)))


def test_requests_in_several_chunks_allocate_nothing():
    """A request for a page has 70 bytes; a bus may take 30 at a time."""
    run(driver(lambda clock: I2CLink(ReplayBus(base64_replies()), clock, mtu=30)))


def test_fifty_pages_over_uart_allocate_nothing():
    run(driver(lambda clock: UartLink(ReplaySerial(base64_replies()), clock)))


def test_replies_that_come_in_pieces_allocate_nothing():
    run(driver(lambda clock: I2CLink(SlowBus(base64_replies()), clock)))
    run(driver(lambda clock: UartLink(SlowSerial(base64_replies()), clock)))


def test_frames_allocate_nothing():
    frames = [bytes(cobs_encode(page_bytes(number))) + b"\n" for number in range(PAGES)]
    bus = ReplayBus([frames])
    link = I2CLink(bus, VirtualTime().clock())
    decoder = CobsDecoder(bytearray(PAGE))
    for number in range(PAGES):
        bus.piece = number + 1
        bus.at = 0
        micropython.heap_lock()
        try:
            decoder.begin(PAGE)
            link.receive(decoder, 1000)
            count = decoder.finish()
        finally:
            micropython.heap_unlock()
        assert count == PAGE
