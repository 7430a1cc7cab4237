"""Samples, sends a note now and then, and lets itself be updated meanwhile."""

import time

from version import VERSION

from notedfu.errors import LinkError

NOTE_EVERY = 60  # samples
GOOD_AFTER = 3  # samples


def send(dfu, count):
    try:
        dfu.request({"req": "note.add", "file": "samples.qo", "body": {"count": count}})
    except LinkError as error:  # the Notecard is away for the moment; the app goes on
        print(error)


def main(dfu):
    print("app", VERSION)
    count = 0
    while True:
        count += 1
        if count == GOOD_AFTER:
            dfu.confirm()  # this version starts and samples; the updater adds: and it reaches the Notecard
        if count % NOTE_EVERY == 0:
            send(dfu, count)
        dfu.poll(budget_ms=200)
        if not dfu.busy:
            time.sleep(1)
