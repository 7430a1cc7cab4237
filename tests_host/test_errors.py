from check import raises
from notedfu import errors


def fail():
    raise errors.ImageError("bad-digest", "the image's SHA-256 is not the one that was signed")


def test_an_error_says_its_code_first():
    caught = raises(errors.ImageError, fail)
    assert caught.code == "bad-digest"
    assert str(caught).startswith("bad-digest: the image")


def test_every_error_is_of_the_family():
    caught = raises(errors.DfuError, fail)
    assert isinstance(caught, errors.ImageError)
