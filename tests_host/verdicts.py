"""Gives verdicts on many cases in one process: `micropython verdicts.py ROOT CASES`, and import on CPython.

CASES holds one JSON object a line; each answer is one line of JSON.
"""

import hashlib
import json
import sys
from binascii import unhexlify


def nothing():
    pass


def on_signature(case):
    """Whether "signature" over "message" is by "key" of the "scheme"; all in hex."""
    scheme = __import__("notedfu." + case["scheme"], None, None, ["verify"])
    parts = [unhexlify(case[name]) for name in ("key", "message", "signature")]
    return scheme.verify(*(parts + [nothing]))


def policy_of(case):
    from notedfu.keys import parse_key, parse_uuid
    from notedfu.verdict import Policy

    policy = Policy()
    policy.keys = [parse_key(text) for text in case.get("keys", [])]
    policy.allow_unsigned = case.get("allow_unsigned", False)
    policy.counter = case.get("counter", 0)
    if "class" in case:
        policy.class_id = parse_uuid(case["class"])
    if "running" in case:
        policy.running = tuple(case["running"])
    return policy


def judged(image, policy):
    """What a device says to the image: "signed", "unsigned-taken", or the code of the refusal."""
    from notedfu.errors import ImageError
    from notedfu.image import Image, Nowhere
    from notedfu.verdict import Signatures, judge

    stage = Image(Nowhere(), hashlib.sha256)
    try:
        stage.begin(len(image))
        stage.feed(image, 0, len(image))
        stage.finish()
        signed = judge(stage.header, stage.tlvs, policy, Signatures(hashlib.sha256, nothing))
    except ImageError as error:
        return error.code
    return "signed" if signed else "unsigned-taken"


def on_image(case):
    return judged(unhexlify(case["image"]), policy_of(case))


def on_flips(case):
    """How often each code came for the image with one bit changed: bit "first", and each "step" on."""
    image = bytearray(unhexlify(case["image"]))
    policy = policy_of(case)
    counts = {}
    for bit in range(case["first"], 8 * len(image), case["step"]):
        image[bit >> 3] ^= 1 << (bit & 7)
        code = judged(image, policy)
        counts[code] = counts.get(code, 0) + 1
        image[bit >> 3] ^= 1 << (bit & 7)
    return counts


ON = {"signature": on_signature, "image": on_image, "flips": on_flips}


def verdicts(lines):
    for line in lines:
        case = json.loads(line)
        yield ON[case["on"]](case)


def main(root, path):
    sys.path.insert(0, root + "/lib")
    with open(path) as lines:
        for verdict in verdicts(lines):
            print(json.dumps(verdict))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
