import os

from notedfu.rules import TABLE
from notedfu.settings import Settings
from scratch import Scratch, write


def load(text):
    with Scratch() as folder:
        write(folder + "/notedfu.json", text)
        return Settings().load(folder + "/notedfu.json")


def test_a_missing_file_means_defaults():
    with Scratch() as folder:
        settings = Settings().load(folder + "/none.json")
    assert settings.error is None
    for name, default, _ in TABLE:
        assert getattr(settings, name) == default


def test_what_the_file_says_is_taken():
    key = "p256:" + "0a" * 64
    text = '{"link": "uart", "uart_baud": 115200, "keys": ["%s"], "allow_unsigned": true}' % key
    settings = load(text.encode())
    assert settings.error is None
    assert (settings.link, settings.uart_baud) == ("uart", 115200)
    assert list(settings.keys) == [key]
    assert settings.allow_unsigned is True


def test_every_ill_typed_value_is_an_error_that_names_its_key():
    for name, _, kind in TABLE:
        wrong = b"7.5" if kind is str else b'"a text that fits nowhere"'
        settings = load(b'{"%s": %s}' % (name.encode(), wrong))
        assert settings.error is not None, name
        assert settings.error.code == "bad-settings"
        assert name in str(settings.error)


def test_numbers_out_of_range_are_refused():
    settings = load(b'{"check_s": 9}')
    assert "from 10 to 432000" in str(settings.error)
    assert settings.check_s == 3600
    assert load(b'{"check_s": true}').error is not None


def test_a_page_is_one_that_halves_into_whole_pieces_of_flash():
    for page in (b"255", b"768", b"1000", b"4096.0", b"true"):
        settings = load(b'{"page": %s}' % page)
        assert "one of 256, 512, " in str(settings.error), page
        assert settings.page == 4096
    assert load(b'{"page": 8192}').error is None


def test_an_unknown_key_is_an_error_that_names_it():
    settings = load(b'{"link": "uart", "lnik": "i2c"}')
    assert "lnik" in str(settings.error)
    assert settings.link == "uart"


def test_what_is_wrong_is_shown_in_a_few_words_however_long_it_is():
    for text in (b'{"app": %s}', b'{"page": "%s"}' % (b"x" * 5000), b'{"%s": 1}' % (b"y" * 5000)):
        if b"%s" in text:
            text %= b"[" + b"1," * 5000 + b"1]"
        said = str(load(text).error)
        assert said.startswith("bad-settings: ") and len(said) < 300, said[:400]
    assert load(b'{"page": 1e3}').error.text.endswith("and is 1000.0")


def test_settings_that_are_no_file_are_an_error_and_not_the_defaults():
    with Scratch() as folder:
        os.mkdir(folder + "/notedfu.json")
        error = Settings().load(folder + "/notedfu.json").error
        assert error.code == "bad-settings" and "can't be read" in error.text


def test_with_an_error_no_image_is_trusted():
    key = b"ed25519:" + b"0a" * 32
    settings = load(b'{"keys": ["%s"], "allow_unsigned": true, "page": "large"}' % key)
    assert settings.error is not None
    assert not settings.keys
    assert settings.allow_unsigned is False


def test_a_file_that_is_no_json_or_no_object_is_an_error():
    assert "no JSON" in str(load(b'{"link": ').error)
    assert "no object" in str(load(b"[1, 2]").error)


def test_a_file_that_is_nothing_but_brackets_is_an_error_too():
    assert load(b"[" * 100000).error.code == "bad-settings"


def refused_trust(text):
    """The error of settings whose trust can't be read; nothing is trusted then, all else is set."""
    settings = load(text.encode())
    assert not settings.keys and not settings.allow_unsigned
    assert settings.link == "uart"
    return settings.error


def test_a_key_that_can_not_be_read_is_an_error_that_says_which():
    good = "ed25519:" + "0a" * 32
    for bad in ("rsa:00", "p256:" + "0a" * 63, "ed25519:" + "0x" * 32, ""):
        text = '{"link": "uart", "allow_unsigned": true, "keys": ["%s", "%s"]}' % (good, bad)
        error = refused_trust(text)
        assert error.code == "bad-key"
        assert "keys, number 2:" in str(error)


def test_five_keys_are_too_many():
    keys = ['"ed25519:' + "%02x" % at * 32 + '"' for at in range(5)]
    assert load(('{"keys": [%s]}' % ", ".join(keys[:4])).encode()).error is None
    error = refused_trust('{"link": "uart", "keys": [%s]}' % ", ".join(keys))
    assert error.code == "bad-key" and "5" in str(error)


def test_a_class_id_that_can_not_be_read_is_an_error_that_names_it():
    for bad in ("buoy", "00" * 15, "0g" * 16):
        error = refused_trust('{"link": "uart", "class_id": "%s", "allow_unsigned": true}' % bad)
        assert error.code == "bad-uuid"
        assert "class_id:" in str(error)
    assert load(b'{"class_id": "00112233-4455-6677-8899-aabbccddeeff"}').error is None


def test_a_pin_is_a_number_or_a_name():
    settings = load(b'{"i2c_scl": "GP5", "i2c_sda": 4}')
    assert settings.error is None
    assert (settings.i2c_scl, settings.i2c_sda) == ("GP5", 4)
    assert "a pin" in str(load(b'{"i2c_scl": ""}').error)
    assert "a pin" in str(load(b'{"i2c_scl": 256}').error)
