"""Scenarios of life beside the app: it sleeps, hangs, crashes, starves the updater, or is not there yet."""

import time
from pathlib import Path

from tools import paths
from tools.demo.scenarios import Scenario

_HEAD = """import time

from version import VERSION


def main(dfu):
    print("app", VERSION)
"""
_HANG = """    while True:
        pass
"""
_CRASH = """    raise RuntimeError("it crashes at every start")
"""
_DEAF = """    dfu.confirm()
    while True:
        dfu.request({"req": "card.version"})
        time.sleep(1)
"""
_CROWD = """    dfu.poll(0)
    held = []
    gc.collect()
    try:
        while gc.mem_free() > %d:
            held.append(bytearray(1000))
    except MemoryError:
        pass
    while True:
        dfu.poll(200)
        time.sleep(1)
"""
_LEFT = 8000  # bytes of heap, in which no preflight fits
_BITE_S = 8 + 1  # the hardware watchdog bites after 8 s


def _write(app, source):
    (Path(app) / "app.py").write_text(source)


class Sleepy(Scenario):
    """Short wakes, deepsleep in between: the download goes over many of them, the trial over one or more."""

    name = "sleepy"
    about = "an app that wakes for a moment, works, and sleeps"
    timeout_s = 120

    def change_first(self, app):
        source = (paths.ROOT / "examples" / "sleepy" / "app.py").read_text()
        source = source.replace("15 * 60 * 1000", "300").replace("budget_ms=5_000", "budget_ms=60")
        assert "300" in source and "60)" in source
        _write(app, source)

    change = change_first

    def wrong(self, result):
        wakes = result["boots"].get("deepsleep", 0)
        return [] if wakes >= 10 else ["%d wakes are no way in small steps" % wakes]


class Hang(Scenario):
    """The watchdog ends each run of the trial."""

    name = "hang"
    about = "an app that hangs on trial"
    result = "reverted"
    code = "trial-failed"
    settings = {"watchdog_s": 2, "trial_runs": 2}
    timeout_s = 120

    def change(self, app):
        _write(app, _HEAD + _HANG)

    def wrong(self, result):
        bites = result["boots"].get("watchdog", 0)
        return [] if bites == 2 else ["the watchdog bit %d times, not once a run" % bites]


class Deaf(Scenario):
    """It lives and speaks with the Notecard, but the updater gets no turn: its last update for ever."""

    name = "deaf"
    about = "an app that starves the updater"
    result = "reverted"
    code = "trial-failed"
    settings = {"trial_s": 10, "trial_runs": 2}
    timeout_s = 120

    def change(self, app):
        _write(app, _HEAD + _DEAF)

    def wrong(self, result):
        said = result["requests"].get("card.version", 0)
        return [] if said >= 10 else ["the app was hardly running"]


class CrashLoop(Scenario):
    """An installed app that crashes at each start: recovery, which takes the next image."""

    name = "crashloop"
    about = "an installed app that crashes at every start, until the next image"
    settings = {"failing_runs": 3}
    timeout_s = 120

    def change_first(self, app):
        _write(app, _HEAD + _CRASH)

    def settle(self, world):
        world.board.wait_for("recovery:", self.timeout_s)
        return world.last_printed()

    def wrong(self, result):
        starts = result["starts"].get(self.before, 0)
        return [] if starts == 3 else ["the crashing app was started %d times, not 3" % starts]


class Crowded(Scenario):
    """An app whose buffers leave an update no room on the heap: a boot fetches the image without it."""

    name = "crowded"
    about = "an app that leaves no room on the heap for an update"
    timeout_s = 60

    def change_first(self, app):
        _write(app, "import gc\n" + _HEAD + _CROWD % _LEFT)

    def accompany(self, world, workshop):
        world.board.wait_for("no room on the heap beside the app", self.timeout_s)
        return {}


class FirstApp(Scenario):
    """What a factory ships: the updater and its settings. Notehub installs the first app."""

    name = "firstapp"
    about = "a board with settings only, whose first app comes from Notehub"
    before = "none"

    def settle(self, world):
        world.board.wait_for("recovery:", self.timeout_s)
        return self.before


class Superseded(Scenario):
    """Power fails when the Notecard has taken the `stop`. A second one would hit the successor."""

    name = "superseded"
    about = "a reply to `stop` that is lost while a successor waits"
    after = "3.0.0"
    told = 2
    timeout_s = 120

    def accompany(self, world, workshop):
        successor = workshop.image(self.after, self.change)
        notecard = world.engine.dfu
        end = notecard.end

        def cut_behind(err, status):
            notecard.end = end
            end(err, status)
            world.board.power_cut()
            time.sleep(0.2)  # the board is off before the reply can reach it

        with world.server.lock:
            notecard.end = cut_behind
            world.engine.offer(str(successor))
        return {}

    def wrong(self, result):
        found = []
        if result["boots"].get("cut") != 1:
            found.append("the power did not fail behind the stop")
        if [one["mode"] for one in result["stops"]] != ["completed", "completed"]:
            found.append("the images' ends are %s" % result["stops"])
        if len({one["name"] for one in result["stops"]}) != 2:
            found.append("one image was stopped twice")
        return found


class Repl(Scenario):
    """mpremote comes while the app runs, downloads, has an image waiting, is on trial, and in recovery."""

    name = "repl"
    about = "mpremote in every state of the updater"
    settings = {"install": "boot"}
    timeout_s = 240

    def change(self, app):
        source = (Path(app) / "app.py").read_text()
        _write(app, source.replace("GOOD_AFTER = 3", "GOOD_AFTER = 8"))

    def prepare(self, engine):
        engine.latency_ms = 250

    def settle(self, world):
        """Recovery comes first: the slot's manifest is put aside for it."""
        aside = "import os; os.rename('/notedfu.d/a.%s', '/notedfu.d/a.%s')"
        world.board.mpremote("exec", aside % ("manifest", "aside"))
        world.board.press_reset()
        world.board.wait_for("recovery:")
        self._recovery = self._visit(world, "recovery", "idle")
        world.board.mpremote("exec", aside % ("aside", "manifest"))
        world.board.press_reset()
        return super().settle(world)

    def accompany(self, world, workshop):
        """The image is offered already; each visit is a record of what it found and left."""
        return {"repl": [self._recovery, *self._visits(world)]}

    def _visits(self, world):
        board = world.board
        world.wait(lambda: world.engine.counters.given(0, 1 << 20) > 20000, "a download")
        yield self._visit(world, "downloading", "staging")
        board.press_reset()
        world.wait(lambda: world.record().get("state") == "pending", "a pending image")
        yield self._visit(world, "pending", "pending")
        board.press_reset()
        time.sleep(0.35)  # it boots, or swaps
        yield self._visit(world, "swap", None)
        board.console.seek_end()
        board.press_reset()
        world.printed("2.0.0")
        time.sleep(0.5)
        yield self._visit(world, "trial", "trial")
        board.press_reset()
        world.wait(world.reports, "the report")
        yield self._visit(world, "running", "idle")
        board.console.seek_end()
        board.press_reset()
        world.printed("2.0.0")

    def _visit(self, world, name, state):
        """Run a few of mpremote's commands, then wait longer than the hardware watchdog does."""
        board, boots = world.board, len(world.board.resets)
        before = world.record()
        began = time.monotonic()
        board.mpremote("exec", "print('hello')", "+", "fs", "ls", ":", "+", "df")
        took_s = time.monotonic() - began
        board.mpremote("exec", "import os; os.listdir('/')")
        time.sleep(_BITE_S)
        return {
            "state": name,
            "expected": state,
            "took_s": round(took_s, 2),
            "boots": [cause for _, cause in board.resets[boots:]],
            "before": before,
            "after": world.record(),
        }

    def wrong(self, result):
        found = []
        for visit in result["repl"]:
            where = "mpremote while " + visit["state"]
            after = visit["after"]
            boots = visit["boots"]
            if visit["state"] == "swap" and boots[:1] == ["reset"]:
                boots = boots[1:]  # the swap was through, and its own reset had come
            if boots != ["soft", "soft"]:
                found.append("%s: boots %s" % (where, visit["boots"]))
            if visit["expected"] and after["state"] != visit["expected"]:
                found.append("%s: the state became %s" % (where, after["state"]))
            if after["state"] == "pending" and after["swap_left"] != 3:
                found.append("%s cost a swap" % where)
            if after["state"] == "trial" and after["trial_left"] != 3:
                found.append("%s cost an attempt" % where)
            if visit["took_s"] > 5:
                found.append("%s had to wait %.1f s" % (where, visit["took_s"]))
        return found


LIFE = (Sleepy, Hang, CrashLoop, Crowded, Deaf, FirstApp, Superseded, Repl)
SCENARIOS = {one.name: one for one in LIFE}
