import os
from binascii import crc32

from check import Random, code_of
from notedfu.errors import LocalError
from notedfu.slots import A, B, Slots, other, spare
from notedfu.slotwriter import SlotWriter
from notedfu.untar import Untar
from scratch import Scratch, exists, files, read, write
from tars import archive, file
from virtual import VirtualTime

SHA = bytes(range(100, 132))
HEADER = bytes(20) + b"\x01\x02\x03\x00\x04\x00\x00\x00" + bytes(4)
COUNTER = b"\x08\x69\x0c\x00" + b"\x50\x00\x04\x00\x07\x00\x00\x00"
APP = {"main.py": b"print(1)\n", "lib/data.bin": Random(2).bytes(3000), "lib/empty": b""}


def clock():
    return VirtualTime().clock()


def packed(app):
    return archive(*[file(name.encode(), app[name]) for name in sorted(app)])


def installed(slots, slot, app=None, header=HEADER, protected=COUNTER, identity=SHA):
    writer = SlotWriter(slots, slot, clock())
    tar = Untar(writer, clock())
    data = packed(app or APP)
    tar.begin(len(data))
    for at in range(0, len(data), 700):
        tar.feed(data, at, min(at + 700, len(data)))
    tar.finish()
    writer.seal(header, protected, identity)


def test_what_is_sealed_is_loaded():
    with Scratch() as root:
        slots = Slots(root)
        assert slots.load(A) is None and slots.load(0) is None and not slots.any()
        for slot in (A, B):
            installed(slots, slot)
            assert files(slots.path(slot)) == APP
            found = slots.load(slot)
            assert found.identity == SHA
            assert found.version == (1, 2, 3, 4)
            assert found.counter == 7
            assert found.rank == (7, (1, 2, 3, 4))
            assert found.tlv(0x50) == b"\x07\x00\x00\x00" and found.tlv(0xA0) is None
            assert found.header == HEADER and found.protected == COUNTER
            assert not found.confirmed
            assert slots.verify(slot, clock()).identity == SHA
        assert slots.any()
        assert sorted(os.listdir(root)) == [
            "a",
            "a.confirmed",
            "a.manifest",
            "b",
            "b.confirmed",
            "b.manifest",
        ]


def test_the_manifests_bytes_are_those_of_the_specification():
    with Scratch() as root:
        installed(Slots(root), A, {"x.py": b"123"})
        data = read(root + "/a.manifest")
        assert data[:4] == b"NDM1"
        assert int.from_bytes(data[4:8], "little") == len(data)
        assert data[8:40] == SHA and data[40:72] == HEADER
        assert data[72:74] == b"\x0c\x00" and data[74:86] == COUNTER
        assert data[86:88] == b"\x01\x00"
        assert data[88:93] == b"\x04x.py"
        assert data[93:97] == b"\x03\x00\x00\x00"
        assert int.from_bytes(data[97:101], "little") == crc32(b"123")
        assert int.from_bytes(data[101:], "little") == crc32(data[:101])


def test_an_image_without_protected_tlvs_has_counter_0():
    with Scratch() as root:
        installed(Slots(root), A, protected=b"")
        found = Slots(root).load(A)
        assert found.counter == 0 and found.tlv(0x50) is None


def test_a_manifest_that_is_damaged_anywhere_makes_no_slot_valid():
    with Scratch() as root:
        slots = Slots(root)
        installed(slots, A, {"x.py": b"123"})
        whole = read(root + "/a.manifest")
        for at in range(len(whole)):
            bad = bytearray(whole)
            bad[at] ^= 0x10
            write(root + "/a.manifest", bad)
            assert slots.load(A) is None, at
            write(root + "/a.manifest", whole[:at])
            assert slots.load(A) is None, at
        write(root + "/a.manifest", whole)
        assert slots.load(A) is not None


def test_a_file_that_is_gone_or_has_another_size_makes_the_slot_invalid():
    with Scratch() as root:
        slots = Slots(root)
        for name in APP:
            installed(slots, A)
            path = slots.path(A) + "/" + name
            write(path, APP[name] + b"x")
            assert slots.load(A) is None
            os.remove(path)
            assert slots.load(A) is None
            os.mkdir(path)
            assert slots.load(A) is None


def test_only_verify_finds_a_bit_that_flipped_in_a_file():
    with Scratch() as root:
        slots = Slots(root)
        installed(slots, A)
        bad = bytearray(APP["lib/data.bin"])
        bad[2999] ^= 1
        write(slots.path(A) + "/lib/data.bin", bad)
        assert slots.load(A) is not None
        assert slots.verify(A, clock()) is None
        assert slots.verify(B, clock()) is None


def test_the_confirmed_mark_is_for_one_manifest_alone():
    with Scratch() as root:
        slots = Slots(root)
        installed(slots, A)
        slots.confirm(A)
        assert slots.load(A).confirmed
        slots.confirm(A)
        assert slots.load(A).confirmed
        mark = read(root + "/a.confirmed")
        installed(slots, A, identity=bytes(32))
        assert not slots.load(A).confirmed
        write(root + "/a.confirmed", mark)
        assert not slots.load(A).confirmed
        installed(slots, A)
        assert not slots.load(A).confirmed, "the same image again has to prove itself again"


def test_what_cannot_be_confirmed_is_a_fault():
    with Scratch() as root:
        slots = Slots(root)
        assert code_of(LocalError, slots.confirm, A) == "slot-fault"
        installed(slots, A)
        os.remove(root + "/a.confirmed")
        os.mkdir(root + "/a.confirmed")
        assert code_of(LocalError, slots.confirm, A) == "slot-fault"


def test_a_mark_that_was_removed_is_made_again():
    with Scratch() as root:
        slots = Slots(root)
        installed(slots, A)
        os.remove(root + "/a.confirmed")
        slots.confirm(A)
        assert slots.load(A).confirmed


def test_removing_a_slot_leaves_the_other_one_and_the_users_files():
    with Scratch() as root:
        slots = Slots(root)
        write(root + "/mine.txt", b"user")
        installed(slots, A)
        installed(slots, B)
        slots.confirm(B)
        slots.remove(A)
        assert slots.load(A) is None and not exists(root + "/a")
        assert slots.load(B).confirmed
        assert sorted(os.listdir(root)) == ["b", "b.confirmed", "b.manifest", "mine.txt"]
        slots.remove(A)


def test_a_new_app_leaves_nothing_of_the_old_one():
    with Scratch() as root:
        slots = Slots(root)
        installed(slots, A)
        write(slots.path(A) + "/written_by_the_app", b"x")
        installed(slots, A, {"other.py": b"2"})
        assert files(slots.path(A)) == {"other.py": b"2"}


def test_until_it_is_sealed_a_slot_is_invalid():
    with Scratch() as root:
        slots = Slots(root)
        installed(slots, A)
        writer = SlotWriter(slots, A, clock())
        writer.begin()
        assert slots.load(A) is None
        writer.open("x", 1)
        assert slots.load(A) is None
        writer.feed(b"1", 0, 1)
        writer.close()
        assert slots.load(A) is None
        writer.abandon()
        assert slots.load(A) is None
        writer = SlotWriter(slots, A, clock())
        writer.begin()
        writer.open("x", 1)
        writer.abandon()
        assert slots.load(A) is None


def test_a_file_that_does_not_read_back_is_never_sealed():
    with Scratch() as root:
        slots = Slots(root)
        writer = SlotWriter(slots, A, clock())
        writer.begin()
        for name in ("x", "y"):
            writer.open(name, 3)
            writer.feed(b"-123-", 1, 4)
            writer.close()
        write(slots.path(A) + "/y", b"124")
        assert code_of(LocalError, writer.seal, HEADER, b"", SHA) == "slot-fault"
        assert slots.load(A) is None


def test_a_folder_that_cannot_be_made_is_a_fault_of_the_board():
    with Scratch() as root:
        writer = SlotWriter(Slots(root + "/none"), A, clock())
        assert code_of(LocalError, writer.begin) == "slot-fault"


def test_what_the_spare_slot_holds_counts_as_room():
    with Scratch() as root:
        slots = Slots(root)
        assert (other(A), other(B)) == (B, A)
        assert (spare(0), spare(A), spare(B)) == (A, B, A)
        small = slots.room_needed(1000, 1)
        assert slots.room_needed(100000, 1) - small >= 99000
        assert slots.room_needed(1000, 30) > small
        assert slots.room(0) > 0


def test_long_work_ticks():
    with Scratch() as root:
        slots = Slots(root)
        installed(slots, A, {"big": bytes(10000)})
        seen = []
        ticking = clock()
        ticking.on_tick = lambda: seen.append(1)
        slots.verify(A, ticking)
        assert len(seen) >= 10000 // 512
