"""Lives one year: `micropython worker.py ROOT WAKES UPDATES CUTS SEED`. Its last line is JSON behind RS."""

import json
import sys

for folder in ("/tests_host", "/lib", ""):
    sys.path.insert(0, sys.argv[1] + folder)

from tools.year.life import Year, check  # noqa: E402

wakes, updates, cuts, seed = [int(word) for word in sys.argv[2:6]]
year = Year(wakes, updates, cuts, seed)
year.run(print)
answer = {
    "wakes": wakes,
    "updates": updates,
    "power_cuts": year.cuts_done,
    "seed": seed,
    "wakes_without_notecard": year.away,
    "wraps_of_the_ticks": int(year.device.time.elapsed_ms) >> 30,
    "verdicts": year.verdicts(),
    "runs_at_the_end": year.running(),
    "saves_in_quiet_wakes": year.saves,
    "quiet_wakes": year.quiet,
    "wrong": check(year, wakes, updates, cuts),
}
year.end()
answer["erases_by_block"] = year.erases
print("\x1e" + json.dumps(answer))
