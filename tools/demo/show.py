"""What a person sees of a demo: a progress bar while it runs, a summary at its end."""

import sys
import time

_WIDTH = 32


class Progress:
    """One line with bar, bytes, rate and time left; drawn in place on a terminal, elsewhere now and then."""

    def __init__(self, total, out=sys.stdout):
        self._total = total
        self._out = out
        self._live = out.isatty()
        self._began = None
        self._shown = -1
        self._open = False

    def show(self, done):
        """`done` bytes of the total have passed."""
        done = min(done, self._total)
        now = time.monotonic()
        if self._began is None:
            if not done:
                return
            self._began = now
        step = done if self._live else done * 4 // self._total
        if step == self._shown:
            return
        self._shown = step
        seconds = max(now - self._began, 0.001)
        rate = done / seconds
        left = (self._total - done) / rate if rate else 0
        bar = "#" * (done * _WIDTH // self._total)
        text = "  [%-*s] %d/%d bytes, %.0f B/s, %.1f s left" % (_WIDTH, bar, done, self._total, rate, left)
        self._out.write("\r" + text if self._live else text + "\n")
        self._out.flush()
        self._open = self._live

    def end(self):
        if self._open:
            self._out.write("\n")
        self._open = False


def judged(result):
    """What the verdict on header, TLVs and signature took; see judgement.py for what the time holds."""
    cost = result["judgement"]
    if cost is None:
        return "never"
    return "%s, in at most %d ms, after %d dfu.get of %d bytes" % (
        "by key " + result["key"],
        cost["ms"],
        cost["gets"],
        cost["image_bytes"],
    )


def staged(result):
    """What staging holds at the end."""
    if result["staged_crc32"] is None:
        return "nothing"
    return "crc32 0x%08x, by %s" % (result["staged_crc32"], result["staging"])


def summary(result):
    """The lines at the end, from what build/demo.json says."""
    reported = result["reported"] or {}
    said = reported.get("err") or reported.get("status") or "nothing"
    rows = (
        ("result", result["result"]),
        ("app before", "%(app_before)s (it printed: %(printed_before)s)" % result),
        ("app after", "%(app_after)s (it printed: %(printed_after)s)" % result),
        ("image", "%(image_bytes)d bytes, crc32 0x%(image_crc32)08x" % result),
        ("judged", judged(result)),
        ("staged", staged(result)),
        ("fetched twice", "%(fetched_twice)d bytes, with header and TLVs for the verdicts" % result),
        ("requests", ", ".join("%s %d" % one for one in sorted(result["requests"].items()))),
        ("on the wire", "%(bytes_in)d bytes to the Notecard, %(bytes_out)d back, over %(link)s" % result),
        ("reported", said),
        ("the Notecard", "mode %(notecard_mode)s, %(violations)d broken rules" % result),
        ("took", "%(seconds).1f s" % result),
    )
    if result.get("limits"):
        rows += (("not promised", ", ".join(result["limits"])),)
    return ["  %-13s %s" % row for row in rows]
