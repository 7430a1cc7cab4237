"""tools/image, with the real imgtool and mpy-cross."""

import base64
import hashlib
import io
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import tarfile
import tracemalloc

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import romfs
from notedfu import tlvs as fields
from tools import paths
from tools.board import firmware
from tools.failure import Failure, status_of
from tools.image import __main__ as tool
from tools.image import container, device, espbin, imgtool, keys, make, payload, tlvs, version


@pytest.fixture
def app(tmp_path):
    """An app of three files, one of them in a folder."""
    folder = tmp_path / "app"
    (folder / "lib").mkdir(parents=True)
    (folder / "app.py").write_text(
        "from version import VERSION\n\ndef main(dfu):\n    print('app', VERSION)\n"
    )
    (folder / "lib" / "sensor.py").write_text("def read():\n    return 1\n")
    (folder / "table.bin").write_bytes(bytes(range(256)))
    return folder


@pytest.fixture(scope="module", params=["p256", "ed25519"])
def key(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / (request.param + ".pem")
    keys.generate(path, request.param)
    return path


@pytest.fixture
def run(capsys):
    """Runs the tool; returns its exit status and all that it printed."""

    def call(*arguments):
        status = tool.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out + said.err

    return call


def payload_of(path):
    image = container.read(path)
    data = path.read_bytes()[image.header_size : image.header_size + image.payload_size]
    return tarfile.open(fileobj=io.BytesIO(data))


def test_an_app_becomes_an_image_that_a_device_can_read(app, tmp_path, run):
    out = tmp_path / "app-1.2.3+4.img"
    status, said = run(app, "1.2.3+4", out, "--counter", 7, "--class", "example.com/app")
    assert status == 0 and str(out) in said and '"allow_unsigned": true' in said
    image = device.read(out)
    assert image.header.version == (1, 2, 3, 4) and image.header.size == 32
    assert image.tlvs.counter == 7 and image.tlvs.kind == b"slots" and image.tlvs.signature is None
    assert image.tlvs.class_id.hex() in said
    with payload_of(out) as tar:
        entries = tar.getmembers()
        assert [entry.name for entry in entries] == [
            "app.mpy",
            "lib",
            "lib/sensor.mpy",
            "table.bin",
            "version.mpy",
        ]
        assert tar.extractfile("table.bin").read() == bytes(range(256))
        assert tar.extractfile("app.mpy").read(2) == b"M\x06"
    assert image.tlvs.file_count == 4
    assert image.tlvs.unpacked_size == sum(entry.size for entry in entries)


@pytest.mark.parametrize("counter", ["-1", "4294967296", "x", "1.5"])
def test_a_counter_that_no_image_can_hold_is_said_to_be_none(app, tmp_path, capsys, counter):
    with pytest.raises(SystemExit) as left:
        tool.main(["make", str(app), "1.2.3", str(tmp_path / "app-1.2.3.img"), "--counter=" + counter])
    assert left.value.code == 2
    assert "%s is no whole number from 0 to 4294967295" % counter in capsys.readouterr().err


def test_notehub_finds_the_marker_in_the_uploaded_file(app, tmp_path, run):
    out = tmp_path / "app-1.2.3.img"
    run(app, "1.2.3", out, "--org", "Example", "--product", "Buoy", "--name", "buoy")
    data = out.read_bytes()
    start = data.index(b"firmware::info:") + len(b"firmware::info:")
    facts = json.loads(data[start : data.index(b"\0", start)])
    assert facts["org"] == "Example" and facts["firmware"] == "buoy" and facts["version"] == "1.2.3"
    assert [facts["ver_" + part] for part in ("major", "minor", "patch", "build")] == [1, 2, 3, 0]


def test_the_same_input_gives_the_same_bytes(app, key, tmp_path, run):
    images = []
    for place, mtime in (("here", 1), ("elsewhere", 2_000_000_000)):
        copy = tmp_path / place / "app"
        shutil.copytree(app, copy)
        (copy / "app.py").chmod(0o755 if mtime == 1 else 0o600)
        os.utime(copy / "app.py", (mtime, mtime))
        assert run(copy, "1.2.3", tmp_path / place / "x-1.2.3.img", "--key", key)[0] == 0
        images.append((tmp_path / place / "x-1.2.3.img").read_bytes())
    assert images[0] == images[1]


def test_imgtool_itself_verifies_the_image(app, key, tmp_path, run):
    out = tmp_path / "app-1.0.0.img"
    run(app, "1.0.0", out, "--key", key)
    done = subprocess.run([paths.IMGTOOL, "verify", "-k", str(key), str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    status, said = run("verify", out, "--key", key)
    assert status == 0 and "good" in said


def test_verify_refuses_another_key_and_a_flipped_bit(app, key, tmp_path, run):
    out = tmp_path / "app-1.0.0.img"
    run(app, "1.0.0", out, "--key", key)
    other = tmp_path / "other.pem"
    keys.generate(other, key.stem)
    assert run("verify", out, "--key", other)[0] == 1
    data = bytearray(out.read_bytes())
    data[100] ^= 1
    out.write_bytes(data)
    assert run("verify", out, "--key", key)[0] == 1
    status, said = run("info", out)
    assert status == 1 and "damaged" in said
    out.write_bytes(data[:-40])
    status, said = run("info", out)
    assert status == 1 and "cut or damaged" in said


def test_info_knows_the_key_that_signed(app, key, tmp_path, run):
    out = tmp_path / "app-1.0.0.img"
    run(app, "1.0.0", out, "--key", key)
    text = keys.settings_text(keys.public(key))
    status, said = run("info", out, "--key", text)
    assert status == 0 and "good, made by " + text[:24] in said and "lib/sensor.mpy" in said
    crc, md5 = container.sums(out)
    assert str(crc) in said and md5 == hashlib.md5(out.read_bytes()).hexdigest() and md5 in said
    other = tmp_path / "other.pem"
    keys.generate(other, key.stem)
    assert "none of the 1 given" in run("info", out, "--key", other)[1]


def test_signing_later_gives_the_same_image_as_signing_at_once(app, key, tmp_path, run):
    at_once, later = tmp_path / "a-1.0.0.img", tmp_path / "b-1.0.0.img"
    extra = (
        "--counter",
        3,
        "--class",
        "example.com/app",
        "--requires",
        "0.9.0",
        "--trust",
        key,
        "--name",
        "app",
    )
    run(app, "1.0.0", at_once, "--key", key, *extra)
    run(app, "1.0.0", later, *extra)
    assert run("sign", later, "--key", key)[0] == 0
    assert later.read_bytes() == at_once.read_bytes()


@pytest.mark.parametrize("name", ["app", "lib/sensor"])
def test_a_folder_that_hides_a_module_of_its_name_is_refused(app, tmp_path, run, name):
    (app / name).mkdir()
    (app / name / "table.bin").write_bytes(b"data")
    find = "import sys; sys.path[:] = [%r]; import %s as found; print(hasattr(found, '__file__'))"
    command = [paths.MICROPYTHON, "-c", find % (str(app), name.replace("/", "."))]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "False\n", "the folder's"
    status, said = run(app, "1.0.0", tmp_path / "app-1.0.0.img")
    assert status == 1 and "the folder %s hides %s.mpy" % (name, name) in said


def test_a_key_elsewhere_signs_by_digest(app, key, tmp_path, run):
    plain, digest, back = tmp_path / "a-1.0.0.img", tmp_path / "digest", tmp_path / "signature"
    run(app, "1.0.0", plain)
    assert run("sign", plain, "--digest-out", digest)[0] == 0
    signature = keys.sign(keys.private(key), digest.read_bytes())
    forms = [signature, base64.b64encode(signature) + b"\n"]
    if key.stem == "p256":
        forms.append(b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(signature)))
    text = keys.settings_text(keys.public(key))
    for form in forms:
        back.write_bytes(form)
        out = tmp_path / "signed-1.0.0.img"
        status, said = run("sign", plain, out, "--signature-in", back, "--public-key", text)
        assert status == 0, said
        assert run("verify", out, "--key", text)[0] == 0
    back.write_bytes(signature[:-1] + bytes([signature[-1] ^ 1]))
    status, said = run("sign", plain, "--signature-in", back, "--public-key", text)
    assert status == 1 and "not by this key" in said


def test_a_private_key_is_for_its_owner_alone_and_never_overwritten(tmp_path, run):
    path = tmp_path / "new" / "app.pem"
    status, said = run("keygen", path, "--class", "app")
    assert status == 1 and "write vendor.domain/name" in said and not path.exists()
    status, said = run("keygen", path, "--class", "example.com/app")
    assert status == 0 and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert '"class_id": "%s"' % imgtool.class_id("example.com/app").hex in said
    before = path.read_bytes()
    status, said = run("keygen", path)
    assert status == 1 and "never overwritten" in said and path.read_bytes() == before


def test_neither_half_a_key_nor_half_an_image_is_left_where_the_disk_is_full(app, tmp_path):
    made, asked = tmp_path / "made", (["keygen", "app.pem"], ["make", str(app), "1.0.0", "app-1.0.0.img"])
    made.mkdir()

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    for arguments in asked:
        command = [sys.executable, "-m", "tools.image", *arguments]
        environment = dict(os.environ, PYTHONPATH=str(paths.ROOT) + ":" + str(paths.ROOT / "lib"))
        done = subprocess.run(
            command, cwd=made, env=environment, preexec_fn=fill, capture_output=True, text=True
        )
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
        assert list(made.iterdir()) == []


def test_ctrl_c_ends_a_tool_in_a_sentence(capsys):
    def work():
        raise KeyboardInterrupt

    assert status_of("image", work, "stopped, and nothing has changed") == 130
    assert capsys.readouterr().err == "\nimage: stopped, and nothing has changed\n"


def test_a_private_key_is_not_made_in_a_repository(tmp_path, run):
    (tmp_path / ".git").mkdir()
    status, said = run("keygen", tmp_path / "deep" / "app.pem")
    assert status == 1 and "work tree" in said and not (tmp_path / "deep").exists()
    assert run("keygen", tmp_path / "build" / "app.pem")[0] == 0


def test_the_settings_text_is_the_key_as_imgtool_writes_it(key):
    raw = subprocess.run([paths.IMGTOOL, "getpub", "-k", str(key), "-e", "raw"], capture_output=True).stdout
    algorithm, digits = keys.settings_text(keys.public(key)).split(":")
    assert algorithm == key.stem and raw.endswith(bytes.fromhex(digits))
    assert keys.settings_text(keys.public(algorithm + ":" + digits)) == algorithm + ":" + digits
    assert hashlib.sha256(raw).digest() == keys.key_hash(keys.public(key))


@pytest.mark.parametrize("text", ["1.2", "v1.2.3", "1.2.3.4", "256.0.0", "1.2.65536", "1.2.3+4294967296", ""])
def test_a_version_that_no_header_holds_is_refused(text):
    with pytest.raises(Failure):
        version.parse(text)


@pytest.mark.parametrize(
    "name", ["app.img", "app-1.2.4.img", "app-1.2.3+4.img", "app-11.2.3.img", "1.2.3-to-1.2.4.img"]
)
def test_a_file_name_of_another_version_is_refused(name):
    with pytest.raises(Failure):
        version.check_name(name, (1, 2, 3, 0))
    version.check_name("app-1.2.3.img", (1, 2, 3, 0))
    version.check_name("app-1.2.3+4.img", (1, 2, 3, 4))


@pytest.mark.parametrize(
    "path",
    ["../x", "a//b", "./a", "a/..", "/a", "a\\b", "c:d", "a\nb", "caf\xe9", "a.", " a", "x" * 101, "a/b./c"],
)
def test_a_path_that_no_device_takes_is_refused(path):
    with pytest.raises(Failure):
        payload.check_path(path)


def spoil_link(app):
    (app / "link.py").symlink_to(app / "app.py")


def spoil_boot(app):
    (app / "boot.py").write_text("")


def spoil_case(app):
    (app / "TABLE.bin").write_text("")


def spoil_folder_case(app):
    (app / "Lib").mkdir()
    (app / "Lib" / "other.py").write_text("")


def spoil_start(app):
    (app / "app.py").unlink()


def spoil_version(app):
    (app / "version.py").write_bytes(b'# caf\xe9, and no UTF-8\nVERSION = "0.0.1"\n')


def spoil_syntax(app):
    (app / "lib" / "sensor.py").write_text("def read(:\n")


def spoil_twice(app):
    (app / "lib" / "sensor.mpy").write_bytes(b"M\x06")


SPOILS = {
    spoil_link: "is a link",
    spoil_boot: "belongs to the updater",
    spoil_case: "would be one on the device",
    spoil_folder_case: "would be one on the device",
    spoil_start: "has no app.py",
    spoil_version: 'must say VERSION = "1.2.3"',
    spoil_syntax: "mpy-cross refuses",
    spoil_twice: "would be one on the device",
}


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.__name__)
def test_an_app_that_no_device_takes_is_refused(spoil, app, tmp_path, run):
    spoil(app)
    status, said = run(app, "1.2.3", tmp_path / "app-1.2.3.img")
    assert status == 1 and SPOILS[spoil] in said, said
    assert not (tmp_path / "app-1.2.3.img").exists()


@pytest.mark.parametrize("name", ["app", "async_app", "sleepy"])
def test_each_example_becomes_an_image(name, tmp_path, run):
    status, said = run(paths.ROOT / "examples" / name, "1.0.0", "%s/" % tmp_path)
    assert status == 0, said
    assert device.read(tmp_path / (name + "-1.0.0.img")).header.version == (1, 0, 0, 0)


def test_sources_stay_as_they_are_when_told(app, tmp_path, run):
    out = tmp_path / "app-1.2.3.img"
    run(app, "1.2.3", out, "--source")
    with payload_of(out) as tar:
        assert tar.extractfile("version.py").read() == b'VERSION = "1.2.3"\n'
    run(app, "1.2.3", out, "--keep", "lib/*.py")
    with payload_of(out) as tar:
        assert {"lib/sensor.py", "app.mpy"} <= set(tar.getnames())


def test_hidden_files_and_caches_stay_at_home(app, tmp_path, run):
    for name in (".env", "__pycache__/app.pyc", ".git/config", "lib/.DS_Store"):
        (app / name).parent.mkdir(exist_ok=True)
        (app / name).write_text("secret")
    run(app, "1.2.3", tmp_path / "app-1.2.3.img")
    assert b"secret" not in (tmp_path / "app-1.2.3.img").read_bytes()


def test_a_native_image_keeps_its_pages_whole(tmp_path, run):
    path = tmp_path / "micropython.bin"
    path.write_bytes(firmware.made("1.0.0", chip=firmware.ESP32_S3))
    status, said = run(path, "1.0.0", tmp_path / "fw-1.0.0.img", "--kind", "esp32")
    assert status == 0, said
    image = device.read(tmp_path / "fw-1.0.0.img")
    size = path.stat().st_size
    assert image.header.size == 4096 and image.header.payload_size == size and image.tlvs.kind == b"esp32"
    assert image.tlvs.unpacked_size == size
    assert espbin.read(path) == ("ESP32-S3", "1.0.0", "v5.5", size)


def test_an_app_as_a_romfs_is_what_mpremote_builds(app, tmp_path, run):
    out = tmp_path / "app-1.2.3.img"
    status, said = run(app, "1.2.3", out, "--kind", "romfs", "--source", "--updater")
    assert status == 0, said
    image = device.read(out)
    assert image.header.size == 32 and image.tlvs.kind == b"romfs"
    with payload_of(out) as tar:
        names = tar.getnames()
        assert names[0] == "app.romfs" and all(name.startswith("notedfu") for name in names[1:]) and names[1:]
        rom = tar.extractfile("app.romfs").read()
    files = {path.relative_to(app).as_posix(): path.read_bytes() for path in app.rglob("*") if path.is_file()}
    files["version.py"] = b'VERSION = "1.2.3"\n'
    assert rom == romfs.made(files)
    assert image.tlvs.unpacked_size >= len(rom)
    run(app, "1.2.3", out, "--kind", "romfs")
    with payload_of(out) as tar:
        assert b"app.mpy" in tar.extractfile("app.romfs").read()


def test_firmware_and_app_in_one_image(app, tmp_path, run):
    path = tmp_path / "micropython.bin"
    path.write_bytes(firmware.made("1.0.0"))
    out = tmp_path / "fw-1.2.3.img"
    status, said = run(path, "1.2.3", out, "--kind", "esp32", "--beside", app)
    assert status == 0, said
    image = device.read(out)
    assert image.header.size == 4096 - 512 and image.tlvs.kind == b"esp32+slots"
    assert out.read_bytes()[4096:].startswith(path.read_bytes())
    with payload_of(out) as tar:
        names = tar.getnames()
        assert names[0] == "firmware.bin" and {"app.mpy", "version.mpy"} <= set(names)
        sizes = [member.size for member in tar.getmembers()[1:] if member.isfile()]
    assert (image.tlvs.unpacked_size, image.tlvs.file_count) == (sum(sizes), len(sizes))


def test_a_bin_that_no_bootloader_would_start_is_no_payload(tmp_path, run):
    path = tmp_path / "micropython.bin"
    good = firmware.made("1.0.0")
    signed = good + b"\xff" * (-len(good) % 4096) + b"\xe7" + bytes(4095)
    for data, said in (
        (b"", "it is empty"),
        (b"\x7fELF" + bytes(9999), "no ESP32 application"),
        (firmware.merged("1.0.0"), "a bootloader or nothing is in front"),
        (b"\xff" * 4096 + good, "a bootloader or nothing is in front"),
        (good[:-1], "cut off or damaged"),
        (good[:30] + b"\1" + good[31:], "cut off"),
        (good + b"more", "its application ends at %d" % len(good)),
        (signed, None),
    ):
        path.write_bytes(data)
        if said is None:
            espbin.read(path)
            continue
        with pytest.raises(Failure, match=said):
            espbin.read(path)


def test_a_list_of_trusted_keys_comes_back(tmp_path):
    texts = []
    for algorithm in ("p256", "ed25519"):
        keys.generate(tmp_path / algorithm, algorithm)
        texts.append(keys.settings_text(keys.public(tmp_path / algorithm)))
    assert tlvs.read_trusted(tlvs.trusted(texts)) == texts
    assert tlvs.read_trusted(tlvs.trusted(texts)[:-1]) is None
    assert tlvs.read_trusted(b"\x09" + bytes(64)) is None


def test_whoever_makes_an_image_with_a_list_is_told_what_follows(app, tmp_path, run):
    key, out, settings = tmp_path / "key.pem", tmp_path / "app-1.2.3.img", tmp_path / "notedfu.json"
    keys.generate(key, "ed25519")
    assert "every later image" not in run(app, "1.2.3", out, "--key", key)[1]
    status, said = run(app, "1.2.3", out, "--trust", key)
    assert status == 0 and "every later image" in said and "refuse it until it is signed" in said
    settings.write_text('{"allow_unsigned": true}')
    assert "refuse it, with unsigned" in run("info", out, "--settings", settings)[1]
    said = run("sign", out, "--key", key)[1]
    assert "every later image" in said and "until it is signed" not in said


def test_an_image_that_no_device_reads_is_not_written(app, tmp_path, run):
    trust = []
    for number in range(5):  # a device holds four keys
        keys.generate(tmp_path / str(number), "ed25519")
        trust += ["--trust", tmp_path / str(number)]
    status, said = run(app, "1.2.3", tmp_path / "app-1.2.3.img", *trust)
    assert status == 1 and "no device would take" in said and not (tmp_path / "app-1.2.3.img").exists()


def test_info_says_what_a_device_would_do(app, tmp_path, run):
    out, settings = tmp_path / "app-1.2.3.img", tmp_path / "notedfu.json"
    run(app, "1.2.3", out, "--class", "example.com/app", "--requires", "1.0.0")

    def answer(facts, *more):
        settings.write_text(json.dumps(facts))
        status, said = run("info", out, "--settings", settings, *more)
        assert status == 0
        return said.splitlines()[-1]

    ours = imgtool.class_id("example.com/app").hex
    assert "refuse it, with unsigned:" in answer({})
    assert "refuse it, with foreign:" in answer({"allow_unsigned": True, "class_id": "0" * 32})
    assert "refuse it, with dependency:" in answer({"allow_unsigned": True, "class_id": ours})
    accepts = {"allow_unsigned": True, "class_id": ours}
    assert "install it, unsigned" in answer(accepts, "--running", "1.0.0")
    assert "refuse it, with downgrade:" in answer(accepts, "--running", "1.0.0", "--counter", 1)
    assert "refuse it, with bad-settings:" in answer({"allow_unsinged": True})


def test_built_is_only_what_was_asked_for(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert make.built(None) is None
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert make.built(None) == "Jan 01 1970 00:00:00"
    assert make.built("today") == "today"
    for wrong in ("today", "9" * 30):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", wrong)
        with pytest.raises(Failure, match="no count of seconds"):
            make.built(None)


def test_an_image_whose_versions_differ_is_explained(app, tmp_path, run):
    out = tmp_path / "app-1.2.3.img"
    run(app, "1.2.3", out)
    out.rename(tmp_path / "app-1.2.4.img")
    status, said = run("info", tmp_path / "app-1.2.4.img")
    assert status == 1 and "1.2.3" in said and "1.2.4" in said


def test_the_tool_never_holds_the_whole_image(app, tmp_path, run):
    (app / "large.bin").write_bytes(bytes(1_400_000))
    out = tmp_path / "app-1.2.3.img"
    tracemalloc.start()
    try:
        run(app, "1.2.3", out)
        run("info", out)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert out.stat().st_size > 1_400_000 and peak < 600_000, peak


def test_the_field_numbers_are_imgtools_own():
    from imgtool.image import TLV_VALUES

    pairs = {"KEYHASH": "KEY_HASH", "SHA256": "SHA256", "ECDSASIG": "ECDSA_P256", "ED25519": "ED25519"}
    pairs.update(
        {"SEC_CNT": "COUNTER", "DEPENDENCY": "DEPENDENCY", "UUID_VID": "VENDOR", "UUID_CID": "CLASS"}
    )
    for theirs, ours in pairs.items():
        assert TLV_VALUES[theirs] == getattr(fields, ours), theirs
