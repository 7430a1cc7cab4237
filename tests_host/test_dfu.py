from cards import LINKS, Bench
from check import Random, code_of
from notedfu.chunks import ChunkSizer
from notedfu.errors import LinkError, RequestError

IMAGE = Random(7).bytes(10007)
FORMS = ("base64", "binary")


def download(bench, image=IMAGE, tries=5):
    """The whole image, as an updater fetches it: what fails is asked for again."""
    whole = b""
    left = tries
    while len(whole) < len(image):
        try:
            count = bench.dfu.begin_get(len(whole), len(image) - len(whole))
            assert bench.dfu.finish_get() == count
        except LinkError:
            left -= 1
            if not left:
                raise
            continue
        left = tries
        whole += bytes(bench.dfu.page[:count])
    return whole


def transcript(bench):
    """Keep every request that the simulator carries out."""
    requests = []

    class Keeper:
        def exchange(self, t_ms, request, reply, faults=()):
            requests.append((t_ms, request))

        def raw(self, t_ms, request, reply, faults=()):
            requests.append((t_ms, request))

    bench.engine.transcript = Keeper()
    return requests


# ---- dfu.status


def test_the_status_verbs_say_what_the_api_has():
    bench = Bench()
    requests = transcript(bench)
    dfu = bench.dfu
    assert dfu.status()["mode"] == "idle"
    dfu.status("card")
    assert dfu.forbid()["off"] is True
    assert "off" not in dfu.allow()
    dfu.allow_by_voltage("usb:1;high:1;normal:0;low:0;dead:0")
    dfu.stop()
    dfu.stop("all is well")
    assert dfu.stop_error("bad-digest: x")["mode"] == "error"
    sent = [
        dict([(key, value) for key, value in r.items() if key not in ("req", "crc")]) for t, r in requests
    ]
    assert sent == [
        {},
        {"name": "card"},
        {"off": True},
        {"on": True},
        {"vvalue": "usb:1;high:1;normal:0;low:0;dead:0"},
        {"stop": True},
        {"stop": True, "status": "all is well"},
        {"stop": True, "err": "bad-digest: x"},
    ]
    assert bench.sound()


def test_a_version_goes_out_as_text_or_with_the_ten_keys_and_no_others():
    bench = Bench()
    bench.dfu.report_version("1.2.3")
    bench.dfu.report_version({"version": "1.2.4", "ver_major": 1, "firmware": "x", "target": "y", "org": "o"})
    text, details = bench.engine.dfu.versions
    assert text == "1.2.3"
    assert dict(details) == {"version": "1.2.4", "ver_major": 1, "org": "o"}
    assert bench.sound()


def test_what_the_notecard_refuses_is_its_own_text():
    bench = Bench()
    caught = None
    try:
        bench.dfu.status("nobody")
    except RequestError as error:
        caught = error
    assert caught.code == "card-err" and "name" in caught.text


# ---- dfu.get


def test_a_whole_image_comes_in_every_form_over_both_links_from_every_firmware():
    for link in LINKS:
        for preset in ("5.x", "8.x", "9.1.1"):
            for form in ("auto", "base64", "binary"):
                bench = Bench(link, preset, form=form, page=4096)
                bench.offer(IMAGE)
                assert download(bench) == IMAGE
                asked = bench.requests("card.binary.get")
                assert asked == (3 if preset == "9.1.1" and form != "base64" else 0)
                assert bench.sound()


def test_the_smallest_and_the_largest_page_work():
    for page in (256, 8192):
        for form in FORMS:
            bench = Bench(preset="9.1.1", page=page, form=form)
            bench.offer(IMAGE)
            assert download(bench) == IMAGE


def test_a_piece_of_any_offset_and_length_is_exact():
    bench = Bench(page=512)
    bench.offer(IMAGE)
    for offset, length in ((0, 1), (1, 2), (3, 32), (9999, 8), (512, 512), (10006, 1)):
        assert bench.dfu.get(offset, length) == length
        assert bytes(bench.dfu.page[:length]) == IMAGE[offset : offset + length]


def test_flash_may_be_written_between_request_and_reply_on_i2c():
    bench = Bench()
    bench.offer(IMAGE)
    assert bench.dfu.holds_reply
    count = bench.dfu.begin_get(0, 10000)
    page = bytes(bench.dfu.page)
    bench.time.advance(500)
    assert bytes(bench.dfu.page) == page
    bench.dfu.finish_get()
    assert bytes(bench.dfu.page[:count]) == IMAGE[:count]
    assert not Bench("uart").dfu.holds_reply


def test_beyond_the_end_is_the_notecards_own_error():
    bench = Bench()
    bench.offer(IMAGE)
    assert code_of(RequestError, bench.dfu.get, len(IMAGE), 100) == "card-err"


def test_every_fault_of_a_chunk_is_found_and_asked_for_again():
    codes = {
        "short-payload": "short-chunk",
        "long-payload": "long-chunk",
        "chunk-md5-wrong": "bad-chunk-md5",
        "chunk-md5-missing": None,
    }
    for form in FORMS:
        for link in LINKS:
            for fault in codes:
                bench = Bench(link, "9.1.1", form=form)
                bench.offer(IMAGE)
                bench.faults.set(fault, at=[bench.faults.transaction + 1])
                bench.dfu.begin_get(0, 1024)
                if codes[fault] is None:
                    bench.dfu.finish_get()
                else:
                    assert code_of(LinkError, bench.dfu.finish_get) == codes[fault]
                assert bench.faults.counts[fault] == 1
                assert download(bench) == IMAGE
                assert bench.sound()


def test_a_damaged_frame_is_found_though_only_the_store_says_its_md5():
    bench = Bench(preset="9.1.1", form="binary")
    bench.offer(IMAGE)
    bench.faults.set("chunk-md5-missing", rate=1.0)
    get, damaged = bench.engine._verbs["card.binary.get"], []

    def answer(request):
        reply = get(request)
        if not damaged:
            damaged.append(request)
            frame = bytearray(reply.frame)
            frame[1] ^= 0x80
            reply.frame = bytes(frame)
        return reply

    bench.engine._verbs["card.binary.get"] = answer
    bench.dfu.begin_get(0, 1024)
    assert code_of(LinkError, bench.dfu.finish_get) == "bad-chunk-md5"
    assert download(bench) == IMAGE


def test_every_fault_of_the_wire_ends_in_the_same_bytes():
    faults = (
        "drop double flip cut garbage trace odd-packets lost-reply lost-request request-drop request-double "
        "request-flip io-error heartbeat crc-off crc-lower crc-wrong crc-sequence latency"
    ).split()
    for number, fault in enumerate(faults):
        struck = 0
        for seed, form in ((1, "base64"), (2, "binary"), (3, "binary")):
            bench = Bench(LINKS[number + seed & 1], "9.1.1", form=form, page=2048, seed=seed)
            bench.offer(IMAGE)
            bench.faults.set(fault, rate=0.2)
            assert download(bench) == IMAGE, fault
            struck += bench.faults.counts.get(fault, 0)
        assert struck, fault


def test_damage_is_found_by_md5_where_the_firmware_has_no_crc():
    for seed in range(12):
        bench = Bench(LINKS[seed & 1], "5.x", seed=seed)
        bench.offer(IMAGE)
        bench.faults.set("flip", rate=0.3)
        bench.faults.set("drop", rate=0.1)
        assert download(bench) == IMAGE


def test_a_missing_md5_is_a_fault_only_where_no_crc_guards_the_chunk():
    for preset, code in (("5.x", "bad-chunk-md5"), ("8.x", None)):
        bench = Bench(preset=preset)
        bench.offer(IMAGE)
        bench.faults.set("chunk-md5-missing", at=[bench.faults.transaction + 1, bench.faults.transaction + 3])
        assert bench.dfu.get(0, 1024) == 1024  # none has been seen yet
        bench.dfu.get(0, 1024)
        if code:
            assert code_of(LinkError, bench.dfu.get, 0, 1024) == code
        else:
            assert bench.dfu.get(0, 1024) == 1024
        assert bench.faults.counts["chunk-md5-missing"] == 2


def test_faults_of_the_bus_in_a_download_end_in_the_same_bytes():
    for fault in ("nack", "hang", "stale-header", "bad-count"):
        struck = 0
        for form in FORMS:
            bench = Bench(preset="9.1.1", form=form)
            bench.offer(IMAGE)
            bench.faults.set(fault, rate=0.02)
            assert download(bench) == IMAGE
            struck += bench.faults.counts.get(fault, 0)
            assert bench.sound()
        assert struck, fault


def test_an_error_that_is_too_long_to_be_kept_is_an_error_of_the_request():
    for verb in ("dfu.get", "card.binary.get"):
        bench = Bench(form="binary")
        bench.engine.offer(IMAGE, "app.img")
        bench.dfu.open()
        bench.engine._verbs[verb] = lambda request: {"err": "x" * 2000}
        bench.dfu.begin_get(0, 1000)
        assert code_of(RequestError, bench.dfu.finish_get) == "card-err", verb


def test_a_length_of_the_store_that_is_no_number_is_a_fault_of_the_link():
    for length in ("1000", [1000], {}, False):
        bench = Bench(preset="9.1.1", form="binary")
        bench.offer(IMAGE)
        get = bench.engine._verbs["dfu.get"]
        bench.engine._verbs["dfu.get"] = lambda request: dict(get(request), length=length)  # noqa: B023
        bench.dfu.begin_get(0, 1000)
        assert code_of(LinkError, bench.dfu.finish_get) == "bad-binary", length
        bench.engine._verbs["dfu.get"] = get
        assert bench.dfu.begin_get(0, 1000) == bench.dfu.finish_get() == 1000


def test_auto_asks_for_base64_once_binary_has_failed_three_times():
    bench = Bench(preset="9.1.1", form="auto", page=4096)
    bench.offer(IMAGE)
    bench.engine.store.get = None
    bench.engine._verbs["card.binary.get"] = lambda request: {"err": "store is gone {bad-bin}"}
    assert download(bench) == IMAGE
    assert bench.requests("card.binary.get") == 3


def test_the_binary_store_is_left_clean_only_where_it_was_used():
    for preset, form, deletes in (("9.1.1", "binary", 1), ("9.1.1", "base64", 0), ("8.x", "auto", 0)):
        bench = Bench(preset=preset, form=form, page=4096)
        bench.offer(IMAGE)
        download(bench)
        bench.dfu.clear_store()
        bench.dfu.clear_store()
        assert bench.requests("card.binary") == deletes
        assert bench.engine.store.data == b""


# ---- chunk sizes


def test_chunks_get_smaller_when_replies_keep_failing_and_larger_again():
    sizer = ChunkSizer(4096)
    for size in (4096, 2048, 1024, 512, 256, 256):
        assert sizer.size == size
        sizer.bad()
        sizer.good()  # one good between: not in a row
        sizer.bad()
        assert sizer.size == size
        sizer.bad()
    for size in (256, 512, 1024, 2048, 4096, 4096):
        assert sizer.size == size
        for _ in range(16):
            sizer.good()


def test_chunks_end_at_multiples_of_their_size():
    sizer = ChunkSizer(4096)
    assert sizer.fits(0, 9000) == 4096
    assert sizer.fits(4096, 100) == 100
    assert sizer.fits(1024, 9000) == 3072
    assert sizer.fits(1000, 9000) == 3096
    assert ChunkSizer(100).fits(0, 9000) == 100


def test_a_driver_asks_for_less_when_replies_keep_failing():
    bench = Bench(page=4096)
    bench.offer(IMAGE)
    bench.faults.set("chunk-md5-wrong", at=[bench.faults.transaction + 1] * 2)
    for _ in range(2):
        assert bench.dfu.begin_get(0, 9000) == 4096
        assert code_of(LinkError, bench.dfu.finish_get) == "bad-chunk-md5"
    assert bench.dfu.begin_get(0, 9000) == 2048


# ---- DFU mode


def test_a_smaller_page_forgets_no_piece_that_lies_in_the_binary_store():
    bench = Bench(preset="9.1.1", page=4096, form="auto")
    bench.offer(IMAGE)
    bench.dfu.begin_get(0, len(IMAGE))
    bench.dfu.finish_get()
    assert bench.engine.store.data
    assert bench.dfu.shrink() and len(bench.dfu.page) == 2048
    bench.dfu.clear_store()
    assert bench.engine.store.data == b""


class ModeBench(Bench):
    def __init__(self, preset="legacy", **options):
        Bench.__init__(self, preset=preset, **options)
        self.modes = []
        self.dfu.on_mode = self.note
        self.log = transcript(self)

    def note(self, entered):
        self.modes.append((entered, self.engine.hub.mode))

    def enter(self):
        """Steps of open() until dfu.get is served; how long that took, in ms."""
        began = self.time.elapsed_ms
        for _ in range(100):
            pause_ms = self.dfu.open()
            if not pause_ms:
                return self.time.elapsed_ms - began
            self.time.advance(pause_ms)
        raise AssertionError("open() has no end")

    def sets(self):
        return [request["mode"] for t, request in self.log if request["req"] == "hub.set"]


def test_no_mode_is_entered_where_dfu_get_is_served_at_any_time():
    bench = ModeBench("8.x")
    bench.offer(IMAGE)
    assert bench.dfu.open() == 0
    assert bench.modes == [] and bench.sets() == []


def test_a_legacy_notecard_is_brought_into_dfu_mode_and_back():
    for preset in ("legacy", "legacy-restart"):
        bench = ModeBench(preset)
        bench.offer(IMAGE)
        assert bench.enter() < 20000
        assert download(bench) == IMAGE
        bench.dfu.leave_mode()
        assert bench.modes == [(True, "periodic"), (False, "periodic")]
        assert bench.sets() == ["dfu", "dfu-completed"]
        assert bench.engine.hub.dfu_entered == bench.engine.hub.dfu_left == 1
        assert bench.sound()


def test_entering_is_polled_every_2500_ms_and_no_step_takes_long():
    bench = ModeBench()
    bench.offer(IMAGE)
    bench.engine.hub.dfu_entry_ms = 30000
    while True:
        began = bench.time.elapsed_ms
        pause_ms = bench.dfu.open()
        assert bench.time.elapsed_ms - began < 300
        if not pause_ms:
            break
        assert pause_ms == 2500
        bench.time.advance(pause_ms)


def test_a_session_that_stays_open_is_given_up_after_two_minutes():
    bench = ModeBench()
    bench.offer(IMAGE)
    bench.engine.hub.dfu_entry_ms = 10000000
    began = bench.time.elapsed_ms
    assert code_of(RequestError, bench.enter) == "dfu-mode-timeout"
    assert 120000 <= bench.time.elapsed_ms - began < 130000
    assert bench.dfu.open() == 2500  # whoever wants to may wait two minutes more
    bench.dfu.leave_mode()
    bench.engine.hub.dfu_entry_ms = 5000
    assert bench.enter() < 20000


def test_the_mode_is_asked_for_again_before_its_15_minutes_end():
    bench = ModeBench("legacy")
    bench.offer(IMAGE)
    bench.enter()
    for i in range(60):  # an hour
        bench.dfu.get(100 * i, 100)
        bench.time.advance(60000)
    assert bench.engine.hub.dfu_expired == 0
    assert 11 <= bench.sets().count("dfu") <= 13


def test_a_mode_that_has_ended_is_entered_again():
    bench = ModeBench("legacy")
    bench.offer(IMAGE)
    bench.enter()
    bench.time.advance(16 * 60000)
    bench.dfu.status()  # lets the simulator see that its time is over
    bench.engine.hub.expire()
    assert bench.enter() < 20000
    assert bench.dfu.get(0, 100) == 100


def test_storage_that_is_not_ready_is_waited_for_without_dfu_mode():
    bench = ModeBench("8.x")
    assert bench.dfu.open() == 2500  # nothing is offered: {dfu-not-ready} without a word of the mode
    assert bench.modes == [] and bench.sets() == []
    bench.offer(IMAGE)
    assert bench.dfu.open() == 0


def test_the_mode_is_announced_before_it_is_asked_for_and_not_taken_back_by_a_fault():
    bench = ModeBench("legacy")
    bench.offer(IMAGE)
    bench.faults.set("lost-reply", rate=1)
    code_of(LinkError, bench.dfu.open)
    bench.faults.clear()
    bench.enter()
    bench.faults.set("absent", rate=1, value=20000)
    assert code_of(LinkError, bench.dfu.leave_mode) == "no-notecard"
    assert [entered for entered, mode in bench.modes] == [True]
    bench.faults.clear()
    bench.time.advance(30000)
    bench.dfu.leave_mode()
    assert [entered for entered, mode in bench.modes] == [True, False]
