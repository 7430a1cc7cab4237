"""Counts, says so to Notehub now and then, and lets itself be updated meanwhile."""

import time

from version import VERSION

NOTE_EVERY = 60  # samples


def main(dfu):
    print("app", VERSION)
    count = 0
    while True:
        if count % NOTE_EVERY == 0:
            dfu.request({"req": "note.add", "file": "samples.qo", "body": {"count": count}})
            dfu.confirm()  # it started, it sampled, it reached the Notecard: this version is good
        count += 1
        dfu.poll(budget_ms=200)
        if not dfu.busy:
            time.sleep(1)
