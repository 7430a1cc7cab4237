"""What a demo shows: how the second version is made, what goes wrong, and how it must end."""

from pathlib import Path

_CRASH = """

def main(dfu):
    print("app", VERSION)
    raise RuntimeError("a bug that only shows on the device")
"""


class Scenario:
    """A good update; the others say what is different. One object a run."""

    name = "update"
    about = "a good update"
    result = "confirmed"
    code = ""  # with which the reported err begins
    preset = "8.x"
    settings = {}
    image_options = ()  # for tools.image make, beside the usual ones

    def change(self, app):
        """Edit the second version's sources, in the folder `app`."""

    def prepare(self, engine):
        """Set the simulated Notecard's faults, before the image is offered."""


class Revert(Scenario):
    name = "revert"
    about = "an app that crashes on trial"
    result = "reverted"
    code = "app-raised"

    def change(self, app):
        with open(Path(app) / "app.py", "a") as file:
            file.write(_CRASH)


class Corrupt(Scenario):
    name = "corrupt"
    about = "a bit that has flipped on the Notecard"
    result = "refused"
    code = "bad-crc32"

    def prepare(self, engine):
        engine.faults.set("image-corrupt", 1.0, value=9000)


SCENARIOS = {one.name: one for one in (Scenario, Revert, Corrupt)}
