"""Versions as an MCUboot header holds them: major.minor.patch, and a build number after a +."""

import re

from tools.failure import Failure

_TEXT = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:\+(\d+))?")
_IN_A_NAME = re.compile(r"(?<![0-9.])\d+\.\d+\.\d+(?:\+\d+)?(?![0-9])")
_LARGEST = (0xFF, 0xFF, 0xFFFF, 0xFFFFFFFF)  # u8, u8, u16, u32 in the header


def parse(text):
    """`text` as (major, minor, patch, build). Raises Failure if a header can't hold it."""
    match = _TEXT.fullmatch(text)
    if not match:
        raise Failure("the version is %r: write it as 1.2.3, or 1.2.3+4 with a build number" % text)
    numbers = tuple(int(part or 0) for part in match.groups())
    for number, largest in zip(numbers, _LARGEST):
        if number > largest:
            raise Failure("the version %s has a %d where %d is the most" % (text, number, largest))
    return numbers


def write(numbers):
    """The one way in which `numbers` is written: no build number if it is 0, no leading zeros."""
    text = "%d.%d.%d" % numbers[:3]
    return text + "+%d" % numbers[3] if numbers[3] else text


def check_name(name, numbers):
    """Raises Failure unless the file name `name` carries exactly this version."""
    found = _IN_A_NAME.findall(name)
    if found != [write(numbers)]:
        raise Failure(
            "the file name %r must carry the version once, as in app-%s.img; it has %s"
            % (name, write(numbers), " and ".join(found) or "none")
        )
