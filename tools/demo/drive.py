"""Scenarios of CircuitPython alone: who may write to the drive, and its watchdog."""

import time
from pathlib import Path

from tools.demo.life import Hang
from tools.demo.scenarios import Scenario

# the first app gives the drive away once the download runs: from the next boot on code.py can't write
_GIVE_AWAY = """
import json


def main(dfu):
    print("app", VERSION)
    while not dfu.busy:
        dfu.poll(budget_ms=100)
    with open("/notedfu.json") as file:
        settings = json.load(file)
    settings["drive"] = "computer"
    with open("/notedfu.json", "w") as file:
        json.dump(settings, file)
    while True:
        dfu.poll()
"""


class Drive(Scenario):
    name = "drive"
    about = "a trial while the computer has the drive: its confirmation waits in nvm for boot.py"
    board = "circuitpython"
    settings = {"trial_runs": 2}
    timeout_s = 120

    def change_first(self, app):
        with open(Path(app) / "app.py", "a") as file:
            file.write(_GIVE_AWAY)

    def accompany(self, world, workshop):
        world.wait(world.reports, "the report")
        time.sleep(1)  # the answer to the report, and what is kept then
        trial = world.record()["state"]
        self._start(world)
        world.wait(lambda: world.record().get("state") == "idle", "boot.py to write it down")
        for _ in range(self.settings["trial_runs"]):
            self._start(world)
        return {"state_without_the_drive": trial}

    @staticmethod
    def _start(world):
        world.board.console.seek_end()
        world.board.press_reset()
        world.printed("2.0.0")

    def wrong(self, result):
        if result["state_without_the_drive"] != "trial":
            return ["the confirmation was written to a drive that code.py can't write to"]
        return []


class Bite(Hang):
    name = "bite"
    about = "an app that hangs on trial, with CircuitPython's watchdog"
    board = "circuitpython"


CIRCUITPYTHON = (Drive, Bite)
