"""Scenarios of the Notecard's own: firmware generations that want to be asked in another way."""

from tools.demo.scenarios import Scenario

MODES = ("auto", "base64", "binary")  # the setting `form`
_ENTRY_MS = 1500  # of the DFU mode; a real modem takes up to 30 s to leave its network


class Legacy(Scenario):
    name = "legacy"
    about = "a Notecard that serves its image in DFU mode only"
    preset = "legacy"

    def prepare(self, engine):
        engine.hub.dfu_entry_ms = _ENTRY_MS

    def wrong(self, result):
        sent = result["requests"].get("hub.set", 0)
        return [] if sent == 2 else ["hub.set went out %d times, not into DFU mode and out of it" % sent]


def ask_in(mode, scenario):
    """Let the device ask for pages in this form; for binary the Notecard has the first firmware that can."""
    if mode == "auto":
        return
    scenario.settings = dict(scenario.settings, form=mode)
    if mode == "binary" and scenario.preset == Scenario.preset:
        scenario.preset = "9.1.1"


LINKS = (Legacy,)
