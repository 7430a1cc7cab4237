"""The Notecard's DFU verbs: a function for each use of dfu.status and dfu.get.

Source of all: dev.blues.io, dfu-requests; notecard-schema 9.1.1 where the page is silent.
"""

from notedfu.chunks import LEAST, Chunks
from notedfu.const import const
from notedfu.dfumode import DfuMode

_VERSION_TEXTS = ("org", "product", "description", "version", "built", "builder")
_VERSION_NUMBERS = ("ver_major", "ver_minor", "ver_patch", "ver_build")
_ERR_LIMIT = const(256)  # characters of a report's text; Notehub shows a line


class Dfu:
    """All that a host asks of a Notecard about its firmware.

    page: a bytearray of 256 to 8192 bytes, which get() fills. form: as chunks.FORMS.
    on_mode(entered), if it is set, is called before DFU mode is entered and after it has been left, so that
        it can be kept over a reset.
    Every function raises LinkError as Notecard.receive does, and RequestError card-err, besides what it
    names.
    """

    def __init__(self, notecard, clock, page, form="auto"):
        self.page = page
        self.holds_reply = notecard.holds_reply
        self.on_mode = None
        self._notecard = notecard
        self._form = form
        self._chunks = Chunks(notecard, page, form)
        self._mode = DfuMode(notecard, clock, self._announce)

    # ---- dfu.status: each returns the reply's members: mode, status, on, off, pending, body

    def status(self, name="user"):
        """What the Notecard has. name: "user" for the host's image, "card" for the Notecard's own firmware.

        `mode` is idle, downloading, ready, completed, error or outboard-ready; `body` describes an image
        that is ready, but may be missing for a while.
        """
        if name == "user":
            return self._status({})
        return self._status({"name": name})

    def stop(self, status=None):
        """The image is installed: delete it on the Notecard, tell Notehub `status`, a text.

        After a LinkError ask status() whether it was done. Nothing is repeated where the Notecard could take
        the repetition for a stop of the image that comes next.
        """
        request = {"req": "dfu.status", "stop": True}
        if status:
            request["status"] = status[:_ERR_LIMIT]
        return self._notecard.demand_once(request)

    def stop_error(self, err):
        """The image is refused: delete it on the Notecard, tell Notehub `err`, a text that is not empty. As
        stop()."""
        return self._notecard.demand_once({"req": "dfu.status", "stop": True, "err": err[:_ERR_LIMIT]})

    def report_version(self, version):
        """Tell Notehub what runs here. version: a text, or a dict, of which the API's ten keys are sent."""
        if isinstance(version, dict):
            given = version
            version = {}
            for key in _VERSION_TEXTS:
                if key in given:
                    version[key] = str(given[key])
            for key in _VERSION_NUMBERS:
                if key in given:
                    version[key] = int(given[key])
        return self._status({"version": version})

    def allow(self):
        """Let the Notecard download images for this host."""
        return self._status({"on": True})

    def forbid(self):
        """Let it not."""
        return self._status({"off": True})

    def allow_by_voltage(self, vvalue):
        """Let it by its supply's state: a text such as "usb:1;high:1;normal:0;low:0;dead:0"."""
        return self._status({"vvalue": vvalue})

    def _status(self, request):
        request["req"] = "dfu.status"
        return self._notecard.demand(request)

    # ---- dfu.get

    def open(self):
        """One step towards dfu.get being served, by DFU mode where it must be: see DfuMode.open."""
        return self._mode.open()

    def leave_mode(self):
        """Leave DFU mode: see DfuMode.leave."""
        self._mode.leave()

    def get(self, offset, length):
        """Fetch exactly `length` bytes, 1 to len(page), into page[:length], as base64: see Chunks.finish for
        the errors."""
        self._mode.keep()
        self._chunks.ask(offset, length)
        return self._chunks.finish()

    def begin_get(self, offset, rest):
        """Ask for bytes at `offset`, at most `rest`, and fewer after faults; return how many were asked
        for."""
        self._mode.keep()
        return self._chunks.begin(offset, rest)

    def finish_get(self):
        """Take what begin_get asked for into page; return the count. Where holds_reply is set, flash may be
        written between the two."""
        return self._chunks.finish()

    def clear_store(self):
        """Leave the Notecard's binary store empty, if it was used."""
        self._chunks.clear_store()

    @property
    def guarded(self):
        """Whether crcs guard requests: a damaged one can't give another piece of the image then."""
        return self._notecard.has_crc

    def doubt_store(self):
        """The binary store may hold a piece that was asked for before a reset: clear_store() clears it."""
        self._chunks.doubt_store()

    def shrink(self):
        """Go on with half the page, where the heap is too small. Nothing may be on its way. Returns False
        where it has 256 bytes already, and then nothing has changed. Raises MemoryError."""
        half = len(self.page) // 2
        if half < LEAST:
            return False
        stored = self._chunks.stored
        self.page = self._chunks = None  # given back before anything is taken
        self.page = bytearray(half)
        self._chunks = Chunks(self._notecard, self.page, self._form)
        self._chunks.stored = stored
        return True

    def _announce(self, entered):
        if self.on_mode is not None:
            self.on_mode(entered)
