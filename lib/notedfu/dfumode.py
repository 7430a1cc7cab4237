"""DFU mode: what legacy Notecards need before they serve dfu.get, as the image lies in their modem.

dev.blues.io, dfu-requests: try dfu.get first; only on "not currently in the DFU operating mode" enter the
mode by hub.set. The Notecard then leaves the network, up to 30 s, and leaves the mode by itself 15 minutes
later; on firmware before 2.3 and 3.3 dfu.get does not start that time anew (discuss.blues.com 622, 847).
"""

from notedfu.const import const
from notedfu.errors import RequestError
from notedfu.notecard import checked

_POLL_MS = const(2500)  # between probes (Blues' ESP32 sample)
_ENTRY_MS = const(120000)  # until it is given up (the same)
_AGAIN_MS = const(
    30000
)  # a mode asked for so long ago, and still denied, has ended by itself: ask for it again
_KEEP_MS = const(300000)  # renewed before the 15 minutes end; Blues' Python sample does it every 5

_REFUSALS = const(3)  # to leave the mode, until one is believed

_SERVED = const(0)
_WAIT = const(1)
_ENTERING = const(2)
_DENIED = const(3)


class DfuMode:
    """Enters, keeps and leaves DFU mode. announce(entered) is called before the mode is asked for, and
    after it has been left: whoever keeps it over a reset knows when the mode must be left first of all."""

    def __init__(self, notecard, clock, announce):
        self._notecard = notecard
        self._clock = clock
        self._announce = announce
        self._entered = False
        self._refusals = 0  # of leaving, in a row
        self._asked = 0  # when hub.set mode:dfu was sent last
        self._waiting = False
        self._began = 0  # when the waiting began

    def open(self):
        """One step towards dfu.get being served: 0 if it is, else the milliseconds after which to call again.

        Enters DFU mode where the Notecard asks for it. Raises RequestError dfu-mode-timeout after 2 minutes
        (the session stays open, or storage is not ready), card-err; LinkError.
        """
        verdict, text = self._look()
        if verdict == _SERVED:
            self._waiting = False
            return 0
        clock = self._clock
        if not self._waiting:
            self._waiting = True
            self._began = clock.ms()
        elif clock.since(self._began) >= _ENTRY_MS:
            self._waiting = False
            raise RequestError("dfu-mode-timeout", "dfu.get is not served after 2 min: " + text)
        if verdict == _DENIED and self._entered and clock.since(self._asked) >= _AGAIN_MS:
            self._ask()
        elif verdict != _WAIT and not self._entered:
            self._announce(True)
            self._entered = True
            self._ask()
        return _POLL_MS

    def keep(self):
        """Ask for the mode again if it is on and due. Between transactions; returns at once otherwise."""
        if self._entered and self._clock.since(self._asked) >= _KEEP_MS:
            self._ask()

    def leave(self):
        """Go back to the mode that hub.set had before. To be called only if the mode was announced, by this
        object or by one before a reset; again after an error.

        Raises LinkError, and RequestError card-err for a few refusals in a row: a request may have been
        damaged on its way. After them an err counts as an answer, as a Notecard that was put in another one's
        place may not know the mode; and the mode ends by itself."""
        members = self._notecard.request({"req": "hub.set", "mode": "dfu-completed"})
        if "err" in members and self._refusals < _REFUSALS:
            self._refusals += 1
            checked(members)
        self._refusals = 0
        self._entered = self._waiting = False
        self._announce(False)

    def _ask(self):
        self._asked = self._clock.ms()
        self._notecard.demand({"req": "hub.set", "mode": "dfu"})

    def _look(self):
        """Whether dfu.get is served now, by one of length 0. RequestError card-err if it never will be."""
        members = self._notecard.request({"req": "dfu.get", "length": 0})
        text = str(members.get("err", ""))
        if not text:
            return _SERVED, text
        if "not currently in the DFU operating mode" in text:
            return _DENIED, text
        if "not yet fully active" in text:
            return _ENTERING, text
        if "{dfu-not-ready}" in text:  # without a word of the mode: storage is not there yet
            return _WAIT, text
        self._waiting = False
        checked(members)
        return None
