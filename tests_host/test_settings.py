from scratch import Scratch, write

from notedfu.settings import TABLE, Settings


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
    settings = load(b'{"link": "uart", "uart_baud": 115200, "keys": ["p256:00"], "allow_unsigned": true}')
    assert settings.error is None
    assert (settings.link, settings.uart_baud) == ("uart", 115200)
    assert list(settings.keys) == ["p256:00"]
    assert settings.allow_unsigned is True


def test_every_ill_typed_value_is_an_error_that_names_its_key():
    for name, _, kind in TABLE:
        wrong = b"7.5" if kind is str else b'"a text that fits nowhere"'
        settings = load(b'{"%s": %s}' % (name.encode(), wrong))
        assert settings.error is not None, name
        assert settings.error.code == "bad-settings"
        assert name in str(settings.error)


def test_numbers_out_of_range_are_refused():
    settings = load(b'{"page": 255}')
    assert "from 256 to 8192" in str(settings.error)
    assert settings.page == 4096
    assert load(b'{"page": true}').error is not None


def test_an_unknown_key_is_an_error_that_names_it():
    settings = load(b'{"link": "uart", "lnik": "i2c"}')
    assert "lnik" in str(settings.error)
    assert settings.link == "uart"


def test_with_an_error_no_image_is_trusted():
    settings = load(b'{"keys": ["p256:00"], "allow_unsigned": true, "page": "large"}')
    assert settings.error is not None
    assert not settings.keys
    assert settings.allow_unsigned is False


def test_a_file_that_is_no_json_or_no_object_is_an_error():
    assert "no JSON" in str(load(b'{"link": ').error)
    assert "no object" in str(load(b"[1, 2]").error)
