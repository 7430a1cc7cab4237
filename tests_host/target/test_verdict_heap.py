"""A verdict on a signature leaves the heap as it was: nothing of it is held while an image comes down."""

import gc
import sys

import images
import rig
import signer
from notedfu import decide
from notedfu.container import Contents, parse_header
from notedfu.tlvs import parse_tail
from notedfu.trust import Judge
from notedfu.verdict import forget
from scratch import Scratch

SLACK = 512  # bytes; modules that were loaded for good before the first verdict are not counted
SIGNERS = (signer.P256(b"one"), signer.Ed25519(b"two"))


def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


def candidate(key):
    image = rig.app_image("2.0.0", key=key)
    header = parse_header(image)
    tail = image[header.tail :]
    return Contents(header, parse_tail(tail, len(tail), header), len(image))


def test_the_heap_of_a_verdict_is_free_again_before_the_download_starts():
    with Scratch() as folder:
        device = rig.Rig(folder, settings={"keys": [key.text for key in SIGNERS]})
        device.install_first("1.0.0")
        boot = decide.Boot(rig.RigPort(device))
        boot.journal.load()
        judge = Judge(boot)
        for key in SIGNERS:
            one = candidate(key)
            judge.before_download(one)  # what stays for good (interned names) is there from now on
            before = used()
            judge.before_download(one)
            assert used() - before <= SLACK, used() - before
            for name in ("p256", "ed25519", "sha512", "curves"):
                assert "notedfu." + name not in sys.modules


def test_it_takes_heap_while_it_lasts_so_that_the_measure_is_one():
    forget()
    before = used()
    from notedfu import p256

    assert used() - before > 4 * SLACK
    assert p256.verify(b"", images.digest(b""), b"", None) is False
