"""Generations of Notecard firmware, as far as a host that updates itself can tell them apart."""


class Preset:
    """What one generation does. Sources: dev.blues.io dfu requests (by firmware version), notecard-schema."""

    def __init__(self, name, release, build):
        self.name = name
        self.release = release  # (major, minor, patch)
        self.build = build
        self.target = "r5"  # card.version body.target
        self.needs_dfu_mode = False  # dfu.get serves nothing until hub.set mode:dfu has taken effect
        self.get_restarts_timer = True  # a served dfu.get restarts the 15 minutes of the DFU mode
        self.crc = False  # crc members are verified and sent (firmware built since 2023-06-10)
        self.binary_store = False  # card.binary is there (5.3.1)
        self.binary_get = False  # dfu.get binary is there (9.1.1); ignored otherwise
        self.hub_version = False  # hub.set takes version (7.3.1)
        self.probe_payload = True  # dfu.get of length 0 answers {"payload":""}, else {}
        self.stop_leaves_dfu_mode = False  # dfu.status stop ends the DFU mode (newest text of the API page)

    def version(self):
        return "notecard-%d.%d.%d.%d" % (self.release + (self.build,))


def _legacy():
    preset = Preset("legacy", (2, 1, 1), 13438)
    preset.needs_dfu_mode = True
    preset.get_restarts_timer = False
    preset.probe_payload = False
    return preset


def _legacy_restart():
    preset = Preset("legacy-restart", (3, 5, 1), 13790)
    preset.needs_dfu_mode = True
    preset.probe_payload = False
    return preset


def _lts_5():
    return Preset("5.x", (5, 1, 1), 15856)


def _lts_8():
    preset = Preset("8.x", (8, 1, 3), 17074)
    preset.crc = True
    preset.binary_store = True
    preset.hub_version = True
    return preset


def _binary():
    preset = Preset("9.1.1", (9, 1, 1), 17404)
    preset.target = "u5"
    preset.crc = True
    preset.binary_store = True
    preset.binary_get = True
    preset.hub_version = True
    preset.stop_leaves_dfu_mode = True
    return preset


_MAKERS = {
    "legacy": _legacy,
    "legacy-restart": _legacy_restart,
    "5.x": _lts_5,
    "8.x": _lts_8,
    "9.1.1": _binary,
}
NAMES = ("legacy", "legacy-restart", "5.x", "8.x", "9.1.1")


def preset(name):
    """A fresh Preset that the caller may change; KeyError for a name that is not in NAMES."""
    return _MAKERS[name]()
