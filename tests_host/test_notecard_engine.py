"""The simulated Notecard's engine, apart from any link and from the library."""

import json
from binascii import a2b_base64, crc32

from check import raises
from simulated import Bench, image_bytes
from tools.notecard import jsontext, presets
from tools.notecard.cobs_encode import cobs_encode, encoded_limit
from tools.notecard.offer import md5_hex, stored_name
from tools.notecard.transcript import Transcript

IMAGE = image_bytes(5000)


def err_of(reply):
    return reply.get("err", "")


# the text


def test_json_that_is_not_json_is_refused():
    for text in (
        "", "{", "{}x", '{"a":}', '{"a" 1}', '{"a":1,}', '{"a":01}', '{"a":nul}', "{'a':1}", '{"a":"\n"}',
        '{"a":1,"a":2}', "[1 2]", '"\\x"', "-", "1.", "[" * 40 + "]" * 40,
    ):  # fmt: skip
        raises(ValueError, jsontext.parse, text)


def test_json_that_is_json_is_taken():
    value = jsontext.parse(' {"a" : [1, -2.5e1, true, null, "\\u0041\\n"], "b":{}} ')
    assert value["a"] == [1, -25.0, True, None, "A\n"]
    assert list(value) == ["a", "b"]


def test_a_blank_line_is_answered_with_an_empty_line():
    assert Bench().lines("") == [b"\r\n"]


def test_what_is_not_a_request_is_an_io_error_and_no_violation():
    bench = Bench()
    for text in ("garbage", "[1]", '{"req":"dfu.sta'):
        assert b"{io}" in bench.lines(text)[0]
    assert bench.engine.violations == []
    assert bench.engine.counters.garbled == 3


# the schema


def test_requests_that_break_the_schema_are_refused_and_counted():
    broken = (
        '{"req":"dfu.get","lenght":1}',
        '{"req":"dfu.get","length":"1"}',
        '{"req":"dfu.get","length":true}',
        '{"req":"dfu.get","binary":1}',
        '{"req":"dfu.status","name":"host"}',
        '{"req":"dfu.status","err":"no stop"}',
        '{"req":"dfu.status","version":{"version":"1","major":1}}',
        '{"req":"dfu.status","version":{"ver_major":"1"}}',
        '{"req":"dfu.status","version":5}',
        '{"req":"hub.set","mode":"fast"}',
        '{"req":"hub.set","duration":14}',
        '{"req":"hub.set","inbound":-2}',
        '{"req":"card.binary","reset":true}',
        '{"req":"dfu.get","cmd":"dfu.get"}',
        '{"length":5}',
        '{"req":5}',
        '{"req":"dfu.get","id":"x"}',
    )
    bench = Bench()
    for count, text in enumerate(broken):
        assert b'"err":' in bench.lines(text)[0], text
        assert len(bench.engine.violations) == count + 1, text
    assert bench.engine.counters.requests == {}


def test_requests_of_the_api_are_taken():
    version = {
        "org": "o",
        "product": "p",
        "description": "d",
        "version": "1.2.3",
        "built": "b",
        "builder": "x",
    }
    version.update({"ver_major": 1, "ver_minor": 2, "ver_patch": 3, "ver_build": 4})
    bench = Bench("9.1.1")
    bench.ready(IMAGE)
    for text in (
        '{"req":"hub.set","mode":"continuous","product":"p","inbound":-1,"duration":15,"version":"1.0"}',
        '{"req":"dfu.status","name":"user","on":true,"vvalue":"usb:1;high:1;normal:0;low:0;dead:0"}',
        '{"req":"dfu.status","version":%s}' % json.dumps(version),
        '{"req":"dfu.get","length":10,"offset":1,"binary":true}',
        '{"req":"card.binary.get","offset":0,"length":10}',
        '{"req":"card.binary","delete":true}',
        '{"req":"card.dfu","name":"-","off":true}',
        '{"req":"card.version"}',
        '{"req":"card.time"}',
        '{"req":"hub.get"}',
        '{"req":"hub.status"}',
        '{"req":"hub.sync"}',
        '{"req":"hub.sync.status"}',
        '{"req":"hub.log","text":"t"}',
        '{"req":"note.add","file":"a.qo","body":{"t":1},"sync":true}',
        '{"req":"dfu.status","stop":true,"status":"well"}',
    ):
        assert b'"err"' not in bench.lines(text)[0], text
    assert bench.engine.violations == []
    assert [dict(told) for told in bench.engine.dfu.versions] == [version]


def test_an_unknown_request_is_not_supported_and_no_violation():
    bench = Bench()
    assert "{not-supported}" in err_of(bench.ask("card.led"))
    assert "{not-supported}" in err_of(Bench("5.x").ask("card.binary"))
    assert bench.engine.violations == []


def test_a_cmd_is_executed_without_a_reply():
    bench = Bench()
    assert bench.lines('{"cmd":"hub.set","mode":"continuous"}') == []
    assert bench.engine.hub.mode == "continuous"
    assert bench.lines('{"cmd":"card.led"}') == []


def test_the_id_comes_back():
    assert Bench().ask("echo", text="abc", id=7) == {"text": "abc", "id": 7}


# crc


def test_the_crc_vectors_of_the_field():
    bench = Bench()
    for text, value in (
        ('{"req":"dfu.status"}', "AF188B2B"),
        ('{"req":"card.dfu","name":"-","off":true}', "DFFBEA8F"),
        ('{"req":"dfu.get"}', "55061ABF"),
        ('{"req":"dfu.get","offset":0,"length":32}', "311C9BB6"),
    ):
        answer = bench.lines('%s,"crc":"002A:%s"}' % (text[:-1], value))[0]
        assert b'"crc":"002A:' in answer, answer
        bench.lines('{"req":"echo","crc":"0001:00000000"}')
    assert bench.engine.counters.garbled == 4


def test_an_empty_object_has_its_crc_after_a_space():
    bench = Bench()
    assert bench.stamped("{}", 1) == '{ "crc":"0001:A3A6BF43"}'
    answer = bench.lines(bench.stamped('{"req":"hub.set"}', 1))[0]
    assert answer == b'{ "crc":"0001:A3A6BF43"}\r\n'


def test_a_reply_has_the_crc_of_its_own_text_last_and_in_upper_case():
    bench = Bench()
    answer = bench.lines(bench.stamped('{"req":"echo","text":"x"}', 0xABCD))[0].decode()
    plain = '{"text":"x"}'
    assert answer == plain[:-1] + ',"crc":"ABCD:%08X"}\r\n' % (crc32(plain.encode()) & 0xFFFFFFFF)


def test_a_wrong_crc_is_an_io_error_and_nothing_is_executed():
    bench = Bench()
    good = bench.stamped('{"req":"hub.set","mode":"continuous"}')
    for bad in (good.replace("continuous", "periodic"), good.replace('"crc":"0000:', '"crc":"0000:F')):
        assert b"{io}" in bench.lines(bad)[0]
    assert b"{io}" in bench.lines('{"req":"hub.set","crc":7}')[0]
    assert bench.engine.counters.requests == {}


def test_a_lower_case_crc_is_right_too():
    bench = Bench()
    assert (
        b'"crc":"0000:'
        in bench.lines(bench.stamped('{"req":"dfu.status"}').replace("AF188B2B", "af188b2b"))[0]
    )


def test_the_same_crc_again_gives_the_same_answer_without_executing():
    bench = Bench()
    add = bench.stamped('{"req":"note.add","file":"a.qo","body":{}}', 5)
    first = bench.lines(add)
    assert bench.lines(add) == first
    assert bench.engine.hub.notes == 1
    assert bench.engine.counters.replays == 1
    bench.lines(bench.stamped('{"req":"note.add","file":"a.qo","body":{}}', 6))
    assert bench.engine.hub.notes == 2


def test_firmware_without_crc_ignores_it():
    bench = Bench("5.x")
    assert bench.lines('{"req":"hub.set","crc":"0000:00000000"}') == [b"{}\r\n"]
    assert bench.lines('{"req":"hub.set","crc":"0000:00000000"}') == [b"{}\r\n"]
    assert bench.engine.counters.replays == 0


# the way of an image


def test_an_image_goes_from_idle_to_downloading_to_ready_to_completed():
    bench = Bench()
    assert bench.ask("dfu.status") == {"mode": "idle", "on": True}
    bench.engine.offer(IMAGE, "app.img")
    assert bench.ask("dfu.status") == {"status": "downloading", "mode": "downloading", "on": True}
    assert "{dfu-not-ready}" in err_of(bench.ask("dfu.get", length=1))
    bench.time.advance(2000)
    ready = bench.ask("dfu.status")
    assert (ready["mode"], ready["status"]) == ("ready", "successfully downloaded")
    done = bench.ask("dfu.status", stop=True, status="installed")
    assert done == {"status": "installed", "mode": "completed", "on": True}
    assert "err" in bench.ask("dfu.get", length=1)
    stop = bench.engine.dfu.stops[0]
    assert (stop["mode"], stop["text"], stop["md5"]) == ("completed", "installed", md5_hex(IMAGE))


def test_stop_with_err_is_an_error_and_stop_alone_a_success():
    bench = Bench()
    bench.ready(IMAGE)
    assert bench.ask("dfu.status", stop=True, err="bad-crc32: it was")["mode"] == "error"
    bench.ready(IMAGE)
    assert bench.ask("dfu.status", stop=True)["status"] == "successful firmware update"


def test_the_body_has_what_the_api_page_shows():
    marked = IMAGE + b'firmware::info:{"firmware":"app","version":"2.1.0"}\0tail'
    bench = Bench()
    bench.ready(marked, notes="for all", info={"stage": 1})
    body = bench.ask("dfu.status")["body"]
    names = "crc32 created info length md5 modified name notes source type version"
    assert sorted(body) == names.split()
    assert (body["crc32"], body["length"]) == (crc32(marked) & 0xFFFFFFFF, len(marked))
    assert (body["md5"], body["version"], body["info"]) == (md5_hex(marked), "2.1.0", {"stage": 1})
    assert (body["source"], body["name"]) == ("app.img", "app$20250101000000.img")


def test_a_marker_needs_its_nul_and_is_found_over_any_border():
    for pad in range(4096 - 60, 4096 + 2, 7):
        bench = Bench()
        bench.ready(bytes(pad) + b'firmware::info:{"version":"3.0"}\0')
        assert bench.ask("dfu.status")["body"]["version"] == "3.0", pad
    bench = Bench()
    bench.ready(b'firmware::info:{"version":"3.0"}')
    assert "version" not in bench.ask("dfu.status")["body"]


def test_the_stored_name_has_a_time_stamp():
    assert stored_name("stm32-new-firmware.bin", 1599163431) == "stm32-new-firmware$20200903200351.bin"
    assert stored_name("plain", 0) == "plain$19700101000000"


def test_nothing_is_downloaded_while_it_is_not_allowed():
    for forbid, allow in (
        (("dfu.status", {"off": True}), ("dfu.status", {"on": True})),
        (("hub.set", {"mode": "minimum"}), ("hub.set", {"mode": "periodic"})),
        (("hub.set", {"mode": "dfu"}), ("hub.set", {"mode": "dfu-completed"})),
    ):
        bench = Bench()
        bench.ask(forbid[0], **forbid[1])
        bench.engine.offer(IMAGE, "app.img")
        bench.time.advance(60000)
        assert bench.ask("dfu.status")["mode"] == "idle"
        bench.ask(allow[0], **allow[1])
        bench.time.advance(2000)
        assert bench.ask("dfu.status")["mode"] == "ready"


def test_downloads_that_are_off_say_so():
    bench = Bench()
    reply = bench.ask("dfu.status", on=True, off=True)
    assert (reply["on"], reply["off"]) == (False, True)
    assert "off" not in bench.ask("dfu.status", on=True)


def test_a_successor_waits_for_the_stop():
    bench = Bench()
    bench.ready(IMAGE)
    second = bench.engine.offer(image_bytes(100, 9), "next.img")
    bench.time.advance(60000)
    assert bench.ask("dfu.status")["body"]["source"] == "app.img"
    assert bench.ask("dfu.status", stop=True)["mode"] == "completed"
    assert bench.ask("dfu.status")["mode"] == "downloading"
    bench.time.advance(2000)
    assert bench.ask("dfu.status")["body"]["md5"] == second.md5


def test_a_successor_may_replace_its_predecessor():
    bench = Bench()
    bench.engine.dfu.supersede = "replace"
    bench.ready(IMAGE)
    bench.engine.offer(image_bytes(100, 9), "next.img")
    assert bench.ask("dfu.status")["body"]["source"] == "app.img"
    bench.time.advance(2000)
    assert bench.ask("dfu.status")["body"]["source"] == "next.img"


def test_a_successor_may_end_its_predecessor_in_an_error():
    bench = Bench()
    bench.engine.dfu.supersede = "error"
    bench.ready(IMAGE)
    bench.engine.offer(image_bytes(100, 9), "next.img")
    bench.time.advance(2000)
    reply = bench.ask("dfu.status")
    assert (reply["mode"], reply["status"]) == ("error", "firmware update superceded")
    assert "err" in bench.ask("dfu.get", length=1)
    bench.ask("dfu.status", stop=True)
    bench.time.advance(2000)
    assert bench.ask("dfu.status")["body"]["source"] == "next.img"


def test_the_notecards_own_update_is_another_matter():
    bench = Bench()
    bench.ready(IMAGE)
    assert bench.ask("dfu.status", name="card") == {"mode": "idle", "on": True}
    bench.engine.dfu.card_pending = True
    assert bench.ask("dfu.status", name="card")["pending"] is True


def test_outboard_firmware_update_shows_in_the_mode():
    bench = Bench()
    bench.ready(IMAGE)
    assert bench.ask("card.dfu", name="esp32", on=True) == {"mode": "esp32", "on": True}
    assert bench.ask("dfu.status")["mode"] == "outboard-ready"
    assert bench.ask("card.dfu", name="-", off=True) == {"mode": "off", "off": True}
    assert bench.ask("dfu.status")["mode"] == "ready"


# dfu.get


def test_the_image_comes_in_pieces_with_their_md5():
    bench = Bench()
    bench.ready(IMAGE)
    got = b""
    while len(got) < len(IMAGE):
        reply = bench.ask("dfu.get", offset=len(got), length=min(700, len(IMAGE) - len(got)))
        piece = a2b_base64(reply["payload"])
        assert reply["status"] == md5_hex(piece)
        got += piece
    assert got == IMAGE
    counters = bench.engine.counters
    assert counters.image_bytes == len(IMAGE)
    bench.ask("dfu.get", offset=100, length=50)
    assert (counters.given(0, 100), counters.given(120, 160)) == (100, 70)


def test_what_is_not_there_is_refused():
    bench = Bench()
    bench.ready(IMAGE)
    assert "err" not in bench.ask("dfu.get", offset=len(IMAGE) - 1, length=1)
    for offset, length in ((len(IMAGE), 1), (len(IMAGE) - 1, 2), (0, 8193), (-1, 2), (0, -1)):
        assert "err" in bench.ask("dfu.get", offset=offset, length=length)


def test_a_probe_asks_for_nothing():
    for name in presets.NAMES:
        bench = Bench(name)
        bench.engine.hub.dfu_polls = bench.engine.hub.dfu_entry_ms = 0
        bench.ready(IMAGE)
        bench.ask("hub.set", mode="dfu")
        legacy = name.startswith("legacy")
        assert bench.ask("dfu.get") == ({} if legacy else {"payload": ""}), name


def test_binary_goes_through_the_store_where_the_firmware_has_it():
    bench = Bench("9.1.1")
    bench.ready(IMAGE)
    reply = bench.ask("dfu.get", offset=10, length=600, binary=True)
    piece = IMAGE[10:610]
    frame = bytes(cobs_encode(piece))
    assert reply == {"cobs": len(frame), "length": 600, "status": md5_hex(piece)}
    line, raw = bench.lines('{"req":"card.binary.get","offset":0,"length":600}')
    assert json.loads(line.decode()) == {"status": md5_hex(piece)}
    assert raw == frame + b"\n"
    assert bench.ask("card.binary")["length"] == 600
    assert "length" not in bench.ask("card.binary", delete=True)
    assert "{bad-bin}" in err_of(bench.ask("card.binary.get", length=600))
    old = Bench("8.x")
    old.ready(IMAGE)
    assert a2b_base64(old.ask("dfu.get", length=9, binary=True)["payload"]) == IMAGE[:9]


def test_a_store_that_was_not_cleared_is_noticed():
    bench = Bench("9.1.1")
    bench.ready(IMAGE)
    bench.ask("dfu.get", length=6, binary=True)
    bench.ask("card.binary", delete=True)
    bench.ask("dfu.get", length=6, binary=True)
    assert bench.engine.store.uncleared == 0
    bench.ask("dfu.get", length=6, binary=True)
    assert bench.engine.store.uncleared == 1


def test_cobs_gives_the_vectors_of_note_c():
    for data, encoded in (
        (b"", b"\x0b"),
        (b"\0", b"\x0b\x0b"),
        (b"\x0a", b"\x08\x00"),
        (b"\0\0", b"\x0b\x0b\x0b"),
        (b"\1\2\3", b"\x0e\x0b\x08\x09"),
        (b"abc\0def", b"\x0e\x6b\x68\x69\x0e\x6e\x6f\x6c"),
    ):
        assert bytes(cobs_encode(data)) == encoded
    full = bytes(range(1, 255))
    assert bytes(cobs_encode(full))[:3] == b"\xf5\x0b\x08" and cobs_encode(full)[-1] == 0x0B
    assert len(cobs_encode(full)) == 256 == encoded_limit(254)
    assert len(cobs_encode(b"\1" * 4096)) == 4113 and len(cobs_encode(b"\1" * 8192)) == 8225
    assert len(cobs_encode(bytes(8192))) == 8193
    assert b"\n" not in bytes(cobs_encode(image_bytes(5000)))


# the DFU mode


def legacy(name="legacy"):
    bench = Bench(name)
    bench.ready(IMAGE)
    return bench


def test_old_firmware_serves_in_dfu_mode_only_and_not_at_once():
    bench = legacy()
    assert "not currently in the DFU operating mode" in err_of(bench.ask("dfu.get"))
    bench.ask("hub.set", mode="dfu")
    assert "not yet fully active" in err_of(bench.ask("dfu.get"))
    bench.time.advance(4999)
    assert "not yet fully active" in err_of(bench.ask("dfu.get"))
    bench.time.advance(1)
    assert "err" not in bench.ask("dfu.get", length=5)


def test_old_firmware_takes_some_polls_however_long_one_waits():
    bench = legacy()
    bench.engine.hub.dfu_polls = 3
    bench.ask("hub.set", mode="dfu")
    bench.time.advance(60000)
    assert ["err" in bench.ask("dfu.get") for _ in range(4)] == [True, True, True, False]


def test_an_open_session_keeps_the_dfu_mode_from_beginning():
    bench = legacy()
    bench.ask("hub.sync")
    bench.ask("hub.set", mode="dfu")
    bench.time.advance(19999)
    assert "{connected}" in err_of(bench.ask("dfu.get"))
    bench.time.advance(1)
    assert "{dfu-not-ready}" in err_of(bench.ask("dfu.get"))
    bench.time.advance(5000)
    assert "err" not in bench.ask("dfu.get")


def entered(name):
    bench = legacy(name)
    bench.engine.hub.dfu_polls = bench.engine.hub.dfu_entry_ms = 0
    bench.ask("hub.set", mode="continuous")
    bench.ask("hub.set", mode="dfu")
    return bench


def test_the_dfu_mode_ends_after_15_minutes():
    bench = entered("legacy")
    for _ in range(3):
        bench.time.advance(299000)
        assert "err" not in bench.ask("dfu.get", length=5)
    bench.time.advance(3000)
    assert "not currently in" in err_of(bench.ask("dfu.get", length=5))
    assert bench.engine.hub.mode == "continuous"
    assert bench.engine.hub.dfu_expired == 1


def test_later_firmware_restarts_the_15_minutes_with_each_piece():
    bench = entered("legacy-restart")
    for _ in range(6):
        bench.time.advance(600000)
        assert "err" not in bench.ask("dfu.get", length=5)


def test_entering_the_dfu_mode_again_restarts_the_15_minutes():
    bench = entered("legacy")
    for _ in range(6):
        bench.time.advance(600000)
        bench.ask("hub.set", mode="dfu")
        assert "err" not in bench.ask("dfu.get", length=5)
    assert bench.engine.hub.dfu_entered == 1


def test_leaving_the_dfu_mode_restores_the_mode_before():
    for before in ("periodic", "continuous", "minimum", "off"):
        bench = Bench()
        bench.ask("hub.set", mode=before)
        bench.ask("hub.set", mode="dfu")
        bench.ask("hub.set", mode="dfu")
        bench.ask("hub.set", mode="dfu-completed")
        assert bench.engine.hub.mode == before
        bench.ask("hub.set", mode="dfu-completed")
        assert bench.engine.hub.mode == before
    bench.ask("hub.set", mode="-")
    assert bench.engine.hub.mode == "periodic"


def test_only_the_newest_firmware_leaves_the_dfu_mode_by_itself_at_stop():
    for name in presets.NAMES:
        bench = Bench(name)
        bench.ready(IMAGE)
        bench.ask("hub.set", mode="dfu")
        bench.ask("dfu.status", stop=True)
        assert (bench.engine.hub.mode == "periodic") == (name == "9.1.1"), name


def test_each_generation_says_its_version():
    seen = [Bench(name).ask("card.version")["body"]["version"] for name in presets.NAMES]
    assert seen == ["notecard-" + v for v in ("2.1.1", "3.5.1", "5.1.1", "8.1.3", "9.1.1")]


# the transcript


def test_the_transcript_is_a_line_of_json_for_each_exchange():
    bench, lines = Bench(), []
    bench.engine.transcript = Transcript(lines.append)
    bench.ready(IMAGE)
    bench.time.advance(5)
    bench.ask("dfu.get", length=600)
    bench.lines('{"cmd":"hub.set","mode":"off"}')
    bench.lines("noise\x01")
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    get, command, noise = [json.loads(line) for line in lines]
    assert (get["t_ms"], get["req"]) == (2005, {"req": "dfu.get", "length": 600})
    assert get["rsp"] == {"payload": "(800 characters)", "status": md5_hex(IMAGE[:600])}
    assert command["cmd"] == {"cmd": "hub.set", "mode": "off"} and "rsp" not in command
    assert noise["raw"] == "noise." and "{io}" in noise["rsp"]["err"]
