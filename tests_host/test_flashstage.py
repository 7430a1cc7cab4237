from check import Random, code_of
from notedfu.errors import ImageError, LocalError
from notedfu.flashstage import FlashStage
from virtual import VirtualTime

BLOCK = 1024
BLOCKS = 8
IMAGE = Random(11).bytes(5 * BLOCK + 333)


class Chip:
    """A region in RAM: strict about what is programmed, and logging it. `answers` overrides an ioctl's."""

    def __init__(self, blocks=BLOCKS, block=BLOCK, old=None):
        self.block = block
        self.count = blocks
        self.data = bytearray(old or Random(3).bytes(blocks * block))
        self.log = []
        self.answers = {}
        self.read_answer = self.write_answer = 0
        self.stuck = -1

    def readblocks(self, block, buf, offset):
        at = block * self.block + offset
        assert offset + len(buf) <= self.block and 0 <= block < self.count
        buf[:] = self.data[at : at + len(buf)]
        return self.read_answer

    def writeblocks(self, block, buf, offset):
        at = block * self.block + offset
        assert offset + len(buf) <= self.block and 0 <= block < self.count
        assert offset % 256 == 0 and len(buf) % 256 == 0
        assert self.data[at : at + len(buf)] == b"\xff" * len(buf), "not erased"
        self.log.append(("program", block, offset))
        if block != self.stuck:
            self.data[at : at + len(buf)] = buf
        if isinstance(self.write_answer, Exception):
            raise self.write_answer
        return self.write_answer

    def ioctl(self, operation, argument):
        if operation == 6:
            assert 0 <= argument < self.count
            self.log.append(("erase", argument))
            if argument != self.stuck:
                self.data[argument * self.block : (argument + 1) * self.block] = b"\xff" * self.block
        elif operation in (1, 3):
            self.log.append(("ioctl", operation, argument))
        answer = self.answers.get(operation, {4: self.count, 5: self.block}.get(operation, 0))
        if isinstance(answer, Exception):
            raise answer
        return answer


def on(chip, **more):
    return FlashStage(chip, VirtualTime().clock(), **more)


def append(stage, data, page=512):
    buffer = memoryview(bytearray(page))
    for at in range(0, len(data), page):
        part = data[at : at + page]
        view = buffer if len(part) == page else buffer[: len(part)]
        view[:] = part
        stage.append(view)


def content(stage, length, page=512):
    data = b""
    while len(data) < length:
        view = memoryview(bytearray(min(page, length - len(data))))
        stage.readinto(len(data), view)
        data += bytes(view)
    return data


def test_an_image_goes_in_and_comes_out_in_pages_of_any_size():
    for page in (256, 512, 768, 1024, 2048, 4096, 8192):
        for length in (1, 255, 256, 257, BLOCK, BLOCK + 1, len(IMAGE)):
            chip = Chip()
            one = on(chip)
            one.begin(length)
            append(one, IMAGE[:length], page)
            assert one.length == length
            one.commit()
            for size in (100, 512, BLOCK, 3000):
                assert content(one, length, size) == IMAGE[:length]
            end = (length + 255) // 256 * 256
            assert chip.data[length:end] == b"\xff" * (end - length)


def test_a_region_can_be_filled_to_the_block_of_the_last_mark():
    image = Random(5).bytes(BLOCK * (BLOCKS - 1))
    chip = Chip()
    one = on(chip)
    assert one.capacity == len(image)
    one.begin(len(image))
    append(one, image)
    one.commit()
    assert content(one, len(image)) == image
    assert on(chip).resume(len(image)) == len(image) - BLOCK


def test_what_is_too_long_is_refused_before_anything_is_erased():
    chip = Chip()
    one = on(chip)
    assert code_of(ImageError, one.begin, BLOCK * (BLOCKS - 1) + 1) == "too-large"
    assert not [entry for entry in chip.log if entry[0] == "erase"]


def test_a_block_says_that_all_before_is_whole_until_the_next_one_says_it():
    chip = Chip()
    one = on(chip)
    one.begin(len(IMAGE))
    append(one, IMAGE, 256)
    one.commit()
    assert chip.log[0] == ("ioctl", 1, 1) and chip.log[-1] == ("ioctl", 3, 0)
    steps = [entry for entry in chip.log if entry[0] == "erase" or entry[0] == "program" and entry[2] == 0]
    wanted = [("erase", 0), ("program", 0, 0)]
    for block in range(1, 6):
        wanted += [("erase", block + 1), ("program", block + 1, 0), ("erase", block), ("program", block, 0)]
    assert steps == wanted


def resumed(chip, length, image=IMAGE):
    """What a reset finds, finished; returns how far it had come."""
    two = on(chip)
    have = two.resume(length)
    assert have % BLOCK == 0
    assert content(two, have) == image[:have]
    if not have:
        two.begin(length)
    append(two, image[have:length])
    two.commit()
    assert content(two, length) == image[:length]
    return have


def blank_ends():
    """An image, whose second and fourth block are what an erased one is."""
    blank = b"\xff" * BLOCK
    return IMAGE[:BLOCK] + blank + IMAGE[2 * BLOCK : 3 * BLOCK] + blank + IMAGE[4 * BLOCK :]


def test_after_a_reset_the_prefix_is_found_whatever_an_older_image_left():
    other = Chip()
    one = on(other)
    one.begin(7 * BLOCK)
    append(one, Random(4).bytes(7 * BLOCK))
    for old in (Random(9).bytes(BLOCK * BLOCKS), b"\xff" * (BLOCK * BLOCKS), other.data):
        for image in (IMAGE, blank_ends()):
            for count in range(0, len(IMAGE), 256):
                chip = Chip(old=old)
                one = on(chip)
                one.begin(len(IMAGE))
                append(one, image[:count], 256)
                assert resumed(chip, len(IMAGE), image) == count // BLOCK * BLOCK


class Gone(Exception):
    pass


def stop_after(chip, count):
    """Let `count` erases and programs pass; those that follow do nothing."""
    ioctl, writeblocks = chip.ioctl, chip.writeblocks
    left = [count]

    def pay(operation):
        if operation == 6:
            left[0] -= 1
            if left[0] < 0:
                raise Gone

    def stopping_ioctl(operation, argument):
        pay(operation)
        return ioctl(operation, argument)

    def stopping_write(*args):
        pay(6)
        return writeblocks(*args)

    chip.ioctl, chip.writeblocks = stopping_ioctl, stopping_write
    return lambda: (setattr(chip, "ioctl", ioctl), setattr(chip, "writeblocks", writeblocks))


def test_each_further_reset_in_a_resume_loses_no_more_than_a_block():
    for stop in range(8):
        for again in range(8):
            chip = Chip()
            one = on(chip)
            one.begin(len(IMAGE))
            append(one, IMAGE[: 3 * BLOCK + 256], 256)
            have = 3 * BLOCK
            for count in (stop, again):
                power = stop_after(chip, count)
                try:
                    two = on(chip)
                    two.resume(len(IMAGE))
                    append(two, IMAGE[two.length :], 256)
                except Gone:
                    pass
                power()
            assert resumed(chip, len(IMAGE)) >= have - BLOCK


def test_a_half_erased_block_is_never_taken_for_a_part_of_the_prefix():
    chip = Chip()
    one = on(chip)
    one.begin(len(IMAGE))
    append(one, IMAGE[: 2 * BLOCK], 256)
    chip.data[2 * BLOCK : 3 * BLOCK] = Random(1).bytes(BLOCK)  # the erase of block 2 was cut
    assert resumed(chip, len(IMAGE)) == 2 * BLOCK


def test_half_a_mark_is_none():
    for end in (1, 200, 254, 255):
        chip = Chip()
        one = on(chip)
        one.begin(len(IMAGE))
        append(one, IMAGE[: 2 * BLOCK - 256], 256)
        before = bytes(chip.data)
        append(one, IMAGE[2 * BLOCK - 256 : 2 * BLOCK], 256)
        chip.data[2 * BLOCK : 3 * BLOCK] = before[2 * BLOCK : 3 * BLOCK]
        chip.data[3 * BLOCK + end : 4 * BLOCK] = b"\xff" * (BLOCK - end)
        assert resumed(chip, len(IMAGE)) == BLOCK


def test_discard_leaves_nothing_to_resume():
    chip = Chip()
    one = on(chip)
    one.begin(len(IMAGE))
    append(one, IMAGE)
    one.discard()
    assert on(chip).resume(len(IMAGE)) == 0


def test_reopen_takes_all_of_it_and_erases_nothing():
    chip = Chip()
    one = on(chip)
    one.begin(len(IMAGE))
    append(one, IMAGE)
    one.commit()
    chip.log = []
    two = on(chip)
    two.reopen(len(IMAGE))
    assert two.length == len(IMAGE)
    assert content(two, len(IMAGE)) == IMAGE
    assert chip.log == [("ioctl", 1, 1)]


def test_each_kind_of_bad_answer_is_a_fault():
    for answer in (-5, 1, OSError(5)):
        for operation in (3, 6):
            chip = Chip()
            one = on(chip)
            chip.answers[operation] = answer

            def all_of_it(one=one):
                one.begin(100)
                append(one, IMAGE[:100])
                one.commit()

            assert code_of(LocalError, all_of_it) == "flash-fault"
        chip = Chip()
        chip.answers[1] = answer
        assert code_of(LocalError, on, chip) == "flash-fault"
        chip = Chip()
        one = on(chip)
        one.begin(100)
        chip.write_answer = answer
        assert code_of(LocalError, append, one, IMAGE[:100]) == "flash-fault"
    chip = Chip()
    one = on(chip)
    chip.read_answer = -5
    assert code_of(LocalError, one.readinto, 0, memoryview(bytearray(9))) == "flash-fault"


def test_answers_of_none_are_good():
    chip = Chip()
    chip.answers = {1: None, 3: None, 6: None}
    chip.read_answer = chip.write_answer = None
    one = on(chip)
    one.begin(len(IMAGE))
    append(one, IMAGE)
    one.commit()


def test_a_block_that_silently_keeps_nothing_is_a_fault():
    for stuck in range(6):
        chip = Chip()
        chip.stuck = stuck
        chip.data[stuck * BLOCK : (stuck + 1) * BLOCK] = b"\xff" * BLOCK
        one = on(chip)
        one.begin(len(IMAGE))
        assert code_of(LocalError, append, one, IMAGE) == "flash-fault"
        assert one.length == (stuck - 1 if stuck > 1 else stuck) * BLOCK  # the mark goes there first


def test_bytes_outside_are_refused_by_the_stage_itself():
    one = on(Chip())
    one.begin(300)
    append(one, IMAGE[:256], 256)
    assert code_of(LocalError, append, one, IMAGE[:45]) == "flash-fault"
    append(one, IMAGE[:44])
    assert code_of(LocalError, append, one, b"x") == "flash-fault"
    assert code_of(LocalError, one.readinto, BLOCK * BLOCKS, memoryview(bytearray(1))) == "flash-fault"
    assert code_of(LocalError, one.readinto, -1, memoryview(bytearray(1))) == "flash-fault"


def test_a_short_page_ends_the_image():
    one = on(Chip())
    one.begin(1000)
    append(one, IMAGE[:100])
    assert code_of(LocalError, append, one, IMAGE[:100]) == "flash-fault"


def test_a_commit_of_less_than_the_image_is_a_fault():
    one = on(Chip())
    one.begin(1000)
    append(one, IMAGE[:256])
    assert code_of(LocalError, one.commit) == "flash-fault"


def test_long_work_ticks_for_every_block():
    ticks = []
    time = VirtualTime()
    clock = time.clock()
    clock.on_tick = lambda: ticks.append(1)
    chip = Chip()
    one = FlashStage(chip, clock)
    one.begin(len(IMAGE))
    append(one, IMAGE)
    assert len(ticks) >= 11 + len(IMAGE) // 512
    ticks.clear()
    FlashStage(Chip(old=b"\xff" * (BLOCK * BLOCKS)), clock).resume(BLOCK)
    assert len(ticks) >= BLOCKS - 2


def test_a_block_size_of_none_means_512():
    chip = Chip(blocks=16, block=512)
    chip.answers[5] = None
    one = on(chip)
    assert one.capacity == 15 * 512
    one.begin(len(IMAGE))
    append(one, IMAGE, 4096)
    assert content(one, len(IMAGE), 4096) == IMAGE
