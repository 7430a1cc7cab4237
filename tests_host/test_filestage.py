from check import Random, code_of
from notedfu.errors import LocalError
from notedfu.filestage import FileStage
from scratch import Scratch, exists, read, write
from virtual import VirtualTime

IMAGE = Random(7).bytes(10000)


def staged(folder):
    return FileStage(folder + "/staging.img", VirtualTime().clock())


def append(stage, data, page=4096):
    for at in range(0, len(data), page):
        stage.append(memoryview(data[at : at + page]))


def content(stage, length, page=1000):
    data = b""
    while len(data) < length:
        view = memoryview(bytearray(min(page, length - len(data))))
        stage.readinto(len(data), view)
        data += bytes(view)
    return data


def test_an_image_goes_in_and_comes_out():
    with Scratch() as folder:
        for page in (256, 1000, 4096, 8192):
            one = staged(folder)
            one.begin(len(IMAGE))
            append(one, IMAGE, page)
            assert one.length == len(IMAGE)
            one.commit()
            assert content(one, len(IMAGE)) == IMAGE
            two = staged(folder)
            two.reopen(len(IMAGE))
            assert content(two, len(IMAGE)) == IMAGE


def test_after_a_reset_the_size_of_the_file_is_the_resume_point():
    with Scratch() as folder:
        for count in range(0, len(IMAGE), 1000):
            one = staged(folder)
            one.begin(len(IMAGE))
            append(one, IMAGE[:count], 1000)
            two = staged(folder)  # the first one is never closed: power is gone
            assert two.resume(len(IMAGE)) == count == two.length
            assert content(two, count) == IMAGE[:count]
            append(two, IMAGE[count:])
            two.commit()
            assert read(folder + "/staging.img") == IMAGE
            two.discard()


def test_what_is_longer_than_the_image_is_of_another_one():
    with Scratch() as folder:
        write(folder + "/staging.img", IMAGE)
        one = staged(folder)
        assert one.resume(len(IMAGE) - 1) == 0
        assert not exists(folder + "/staging.img")


def test_begin_forgets_an_older_image():
    with Scratch() as folder:
        write(folder + "/staging.img", IMAGE)
        one = staged(folder)
        one.begin(100)
        append(one, IMAGE[:100])
        one.commit()
        assert read(folder + "/staging.img") == IMAGE[:100]


def test_no_room_is_told_before_anything_is_erased():
    with Scratch() as folder:
        write(folder + "/staging.img", IMAGE)
        one = staged(folder)
        assert one.capacity > 0
        one.reserve = 1 << 60  # what the target needs
        assert one.capacity == 0
        assert code_of(LocalError, one.begin, 1) == "no-room"
        assert read(folder + "/staging.img") == IMAGE


def test_a_commit_of_less_than_the_image_is_a_fault():
    with Scratch() as folder:
        one = staged(folder)
        one.begin(len(IMAGE))
        append(one, IMAGE[:-1])
        assert code_of(LocalError, one.commit) == "flash-fault"
        assert code_of(LocalError, one.reopen, len(IMAGE)) == "staging-lost"


def test_more_than_the_image_is_refused():
    with Scratch() as folder:
        one = staged(folder)
        one.begin(len(IMAGE) - 1)
        assert code_of(LocalError, append, one, IMAGE) == "flash-fault"


def test_reading_beyond_the_end_is_a_fault():
    with Scratch() as folder:
        one = staged(folder)
        one.begin(100)
        append(one, IMAGE[:100])
        assert code_of(LocalError, one.readinto, 90, memoryview(bytearray(11))) == "flash-fault"
        assert code_of(LocalError, staged(folder + "/none").readinto, 0, bytearray(1)) == "flash-fault"


def test_discard_gives_the_room_back():
    with Scratch() as folder:
        one = staged(folder)
        one.discard()
        one.begin(len(IMAGE))
        append(one, IMAGE)
        one.discard()
        assert one.length == 0
        assert not exists(folder + "/staging.img")
        assert staged(folder).resume(len(IMAGE)) == 0
