"""What an older image has left in staging is in no other image's way."""

from boards import ROOT, Board, Lfs
from test_circuitpython_on_fat import Drive

import rig
from circuit import CircuitRig
from notedfu.fatstage import FatStage
from notedfu.journal import IDLE
from notedfu.slots import B
from scratch import write

HEAPSIZE = "64M"
OLD, NEW = "1.0.0", "2.0.0"
DATA = ROOT + "/notedfu.d"
LEFT = 340000  # bytes of half a MiB: beside them an app of 150000 can't be unpacked
IMAGE = rig.app_image(NEW, {"large.bin": bytes(150000)})


def updated(made):
    """IMAGE is offered, installed and confirmed."""
    rig.BEHAVIOUR[OLD] = rig.stay
    rig.BEHAVIOUR[NEW] = rig.confirm_and_stay
    made.offer(IMAGE)
    assert made.boot() == "reset", made.said
    for _ in range(4):
        if made.boot() == "power":
            break
    assert made.journal().state == IDLE and made.journal().active == B
    assert rig.RUNS[-1] == NEW


def test_a_file_that_an_image_has_left_makes_room():
    def work():
        made = rig.Rig(ROOT)
        made.install_first(OLD)
        write(DATA + "/staging.img", bytes(LEFT))
        updated(made)

    Board(Lfs, (4096, 256, 128)).run(work)


def test_a_file_that_an_image_has_left_makes_room_on_fat():
    for old_layout in (True, False):
        with Drive() as drive:
            made = CircuitRig(ROOT, remount=drive.remount)
            made.install_first(OLD)
            if old_layout:
                write(DATA + "/staging.img", bytes(LEFT))
            else:
                FatStage(DATA + "/journal", made.time.clock()).begin(LEFT)
            updated(made)
