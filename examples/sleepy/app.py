"""Wakes, sends one note, gives the updater its turn, and sleeps. An update arrives over many wakes."""

import machine
from version import VERSION

from notedfu.errors import LinkError

SLEEP_MS = 15 * 60 * 1000


def main(dfu):
    print("app", VERSION)
    try:
        dfu.request({"req": "note.add", "file": "samples.qo", "body": {"wake": machine.reset_cause()}})
    except LinkError as error:  # the Notecard is away; the next wake tries again
        print(error)
    dfu.confirm()
    dfu.poll(budget_ms=5_000)
    dfu.rest()  # this run ends well here: nothing but sleep may follow
    machine.deepsleep(SLEEP_MS)
