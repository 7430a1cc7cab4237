"""The app on the bench: lets the updater work, and tells the host how far it is."""

import gc

wire = None  # set by update.py, with the others
time = None
until = None
_seen = []


def mark(name):
    """A phase begins. Told once, with the time and what it went on, and the heap in use."""
    if name in _seen:
        return
    _seen.append(name)
    used = left = 0
    if not time.is_counted:  # to look at the heap takes millions of instructions
        used = gc.mem_alloc()
        gc.collect()
        left = gc.mem_alloc()
    wire.tell("mark %s %d %d %d %d %d %d" % (name, time.us, time.wait, time.wire, time.flash, used, left))
    if name == until:
        wire.end("done")


def _progress(done, total):
    if done == total:
        mark("verify")
    elif done:
        mark("download")


def main(dfu):
    """What app.py calls."""
    mark("app")
    if until == "swapped" and dfu.version.startswith("2."):
        mark("swapped")
    dfu.progress = _progress
    dfu.confirm()
    idle = 0
    while True:
        dfu.poll(10000)
        if dfu.problem is not None:
            wire.tell("problem %s" % dfu.problem)
            wire.end("problem")
        if dfu.status:
            mark("checked")
        if not dfu.busy:
            idle += 1
            if idle == 3:
                mark("idle")
            time.sleep_ms(1000)
