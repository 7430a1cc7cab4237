from check import Random, code_of, feed_bytes, feed_whole, raises, splits
from notedfu.errors import ImageError
from notedfu.untar import Untar
from tars import archive, file, folder, header
from virtual import VirtualTime

DATA = Random(4).bytes(1300)


class Memory:
    """A writer that keeps files in a dict, and fails where the calls come out of order."""

    def begin(self):
        self.files = {}
        self.folders = []
        self._name = None

    def folder(self, path):
        assert self._name is None and path not in self.folders
        assert "/" not in path or path.rsplit("/", 1)[0] in self.folders
        self.folders.append(path)

    def open(self, path, size):
        assert self._name is None and path not in self.files
        assert "/" not in path or path.rsplit("/", 1)[0] in self.folders
        self._name, self._size, self._data = path, size, b""

    def feed(self, buf, start, end):
        assert self._name is not None and start < end
        self._data += bytes(buf[start:end])

    def close(self):
        assert len(self._data) == self._size
        self.files[self._name] = self._data
        self._name = None


def ready(limit=1 << 20):
    tar = Untar(Memory(), VirtualTime().clock())
    tar.begin(limit)
    return tar


def unpacked(data, feed=feed_whole):
    tar = ready()
    feed(tar, data)
    tar.finish()
    return tar._writer.files


def verdict(data):
    return code_of(ImageError, unpacked, data)


GOOD = archive(
    folder(b"lib/"),
    file(b"main.py", b"print(1)\n"),
    file(b"lib/data.bin", DATA),
    file(b"lib/empty", b""),
    file(b"even", DATA[:1024]),
)
FILES = {"main.py": b"print(1)\n", "lib/data.bin": DATA, "lib/empty": b"", "even": DATA[:1024]}
SMALL = archive(file(b"a/b", DATA[:300]), file(b"a/c", b""))


def test_files_come_out_as_they_went_in():
    assert unpacked(GOOD) == FILES
    assert unpacked(GOOD, feed_bytes) == FILES
    for size in (7, 256, 512, 513, 4096):

        def in_pieces(tar, data, size=size):
            for at in range(0, len(data), size):
                tar.feed(data, at, min(at + size, len(data)))

        assert unpacked(GOOD, in_pieces) == FILES


def test_it_can_be_suspended_at_every_byte():
    tar = ready()
    for head, tail in splits(SMALL):
        tar.begin(len(SMALL))
        feed_whole(tar, head)
        feed_whole(tar, tail)
        tar.finish()
        assert tar._writer.files == {"a/b": DATA[:300], "a/c": b""}
    assert tar.files == 2
    assert tar.unpacked == 300


def test_an_archive_that_is_cut_off_is_refused_at_every_byte():
    tar = ready()
    for length in range(len(SMALL)):
        tar.begin(len(SMALL))
        tar.feed(SMALL, 0, length)
        assert code_of(ImageError, tar.finish) == "bad-tar", length


def test_zeros_may_follow_the_end_and_nothing_else():
    assert unpacked(GOOD + bytes(8 * 512)) == FILES
    assert verdict(GOOD + bytes(511)) == "bad-tar"
    for at in (0, 511, 512, 5000):
        rest = bytearray(5120)
        rest[at] = 1
        assert verdict(GOOD + rest) == "bad-tar"
    assert verdict(GOOD + GOOD) == "bad-tar"
    assert verdict(GOOD[:-512] + file(b"late", b"x") + bytes(1024)) == "bad-tar"


def test_folders_that_no_member_names_are_made():
    tar = ready()
    feed_whole(tar, archive(file(b"a/b/c.py", b"x"), file(b"a/b/d.py", b"y"), folder(b"a/b/"), folder(b"e")))
    tar.finish()
    assert tar._writer.folders == ["a", "a/b", "e"]


def test_a_prefix_is_put_before_the_name():
    assert unpacked(archive(file(b"x.py", b"1", prefix=b"long/way"))) == {"long/way/x.py": b"1"}
    name, prefix = b"n" * 100, b"p" * 154
    assert list(unpacked(archive(file(name, b"", prefix=prefix)))) == [("p" * 154) + "/" + "n" * 100]
    assert verdict(archive(file(name, b"", prefix=b"p" * 155))) == "bad-path"


def test_an_old_kind_of_file_header_is_taken():
    assert unpacked(archive(file(b"x", b"1", kind=b"\0"))) == {"x": b"1"}


def test_a_path_that_could_leave_the_slot_or_that_fat_cannot_keep_is_refused():
    for name in (
        b"",
        b"/",
        b"/etc/passwd",
        b"..",
        b"../x",
        b"a/../x",
        b"a/..",
        b"./x",
        b"a/./x",
        b".",
        b"...",
        b"a//x",
        b"a/",
        b"a\\x",
        b"..\\x",
        b"c:x",
        b"C:/x",
        b"a\nb",
        b"a\x1bb",
        b"a\x7fb",
        b"x.",
        b"x ",
        b"a./x",
        b"a /x",
        b"x\xc3\xa4",
        b"what?",
        b"a*",
        b"a|b",
        b'a"b',
        b"<x>",
        b"1/2/3/4/5/6/7/8/9",
    ):
        assert verdict(archive(file(name, b"x"))) == "bad-path", name
    for name in (b"/", b"../x/", b"a//", b"./", b"a/../", b""):
        assert verdict(archive(folder(name))) == "bad-path", name
    assert verdict(archive(file(b"x", b"", prefix=b".."))) == "bad-path"
    assert verdict(archive(file(b"x", b"", prefix=b"/a"))) == "bad-path"
    assert verdict(archive(file(b"/x", b"", prefix=b"a"))) == "bad-path"
    assert (
        len(unpacked(archive(file(b"1/2/3/4/5/6/7/8", b"x"), file(b".hidden", b""), file(b"a b-c_d~1", b""))))
        == 3
    )


def test_two_members_of_one_name_are_refused():
    one = file(b"a.py", b"1")
    assert verdict(archive(one, one)) == "bad-path"
    assert verdict(archive(one, file(b"A.PY", b"2"))) == "bad-path"
    assert verdict(archive(file(b"lib/x", b""), file(b"Lib/y", b""))) == "bad-path"
    assert verdict(archive(file(b"a/x", b""), file(b"x", b"", prefix=b"a"))) == "bad-path"
    assert verdict(archive(one, folder(b"a.py/"))) == "bad-path"
    assert verdict(archive(folder(b"a.py/"), one)) == "bad-path"
    assert verdict(archive(one, file(b"a.py/x", b""))) == "bad-path"
    assert verdict(archive(file(b"a.py/x", b""), one)) == "bad-path"


def test_only_files_and_folders_are_taken():
    for kind in (b"1", b"2", b"3", b"4", b"6", b"7", b"x", b"g", b"L", b"K", b"S", b"V", b"\xff"):
        assert verdict(archive(file(b"a", b"", kind=kind))) == "bad-tar", kind
    assert verdict(archive(file(b"a", b"", magic=b"ustar  \0"))) == "bad-tar"
    assert verdict(archive(file(b"a", b"", magic=b"ustar\x0001"))) == "bad-tar"
    assert verdict(archive(file(b"a", b"", magic=bytes(8)))) == "bad-tar"
    assert verdict(archive(header(b"a/", size=512, kind=b"5"), bytes(512))) == "bad-tar"
    assert verdict(DATA) == "bad-tar"


def test_a_flipped_bit_in_a_header_is_found():
    for at in range(512):
        for bit in (0, 6):
            bad = bytearray(archive(file(b"main.py", b"x")))
            bad[at] ^= 1 << bit
            assert raises(ImageError, unpacked, bad).code in ("bad-tar", "bad-path"), at


def test_a_size_that_lies_is_refused():
    for field in (
        b"\x80" + bytes(10) + b"\x05",  # GNU's base 256
        b"00000000008\0",
        b"-0000000005\0",
        b"0x000000005\0",
        b" 0000000005\0",
        bytes(12),
        b"000 0000005\0",
    ):
        data = archive(header(b"a", size_field=field) + bytes(512))
        assert verdict(data) == "bad-tar", field
    tar = ready(limit=1536 + 512)
    assert code_of(ImageError, feed_whole, tar, header(b"a", size=1537)) == "bad-tar"
    tar.begin(1536 + 512)
    feed_whole(tar, header(b"a", size=1536))
    tar.begin(1535 + 512)
    assert code_of(ImageError, feed_whole, tar, header(b"a", size=1535)) == "bad-tar", "its padding counts"
    tar.begin(1 << 20)
    assert code_of(ImageError, feed_whole, tar, header(b"a", size_field=b"777777777777")) == "bad-tar"


def test_the_size_is_judged_the_same_wherever_the_pieces_end():
    data = archive(file(b"a", bytes(100)))
    for head, tail in splits(data):
        tar = ready(limit=len(data))
        feed_whole(tar, head)
        feed_whole(tar, tail)
        tar.finish()
    lie = bytearray(file(b"a", bytes(512)))
    for head, tail in splits(bytes(lie)):
        tar = ready(limit=len(lie) - 1)
        assert code_of(ImageError, lambda: (feed_whole(tar, head), feed_whole(tar, tail))) == "bad-tar"  # noqa: B023


def test_more_than_the_payload_is_refused():
    tar = ready(limit=len(GOOD) - 1)
    assert code_of(ImageError, feed_whole, tar, GOOD) == "bad-tar"


def test_the_number_of_members_is_bounded():
    names = [b"%03d" % number for number in range(513)]
    assert len(unpacked(archive(*[file(name, b"") for name in names[:512]]))) == 512
    assert verdict(archive(*[file(name, b"") for name in names])) == "bad-tar"
