"""hub.*: the mode, the session, and what it does to DFU."""

from collections import OrderedDict

_DFU_TIMER_MS = 15 * 60 * 1000
_SYNC_MS = 20000  # a session that hub.sync or hub.log opens


class Hub:
    """Knows the mode and since when. `dfu_entry_ms`, `dfu_polls`: how long, and for how many refused
    dfu.get, the Notecard takes to leave the network after hub.set mode:dfu."""

    def __init__(self, now, preset, faults):
        self._now = now
        self._preset = preset
        self._faults = faults
        self.mode = "periodic"
        self.dfu_entry_ms = 5000
        self.dfu_polls = 1
        self.settings = {"product": "com.example.fleet:sensors"}
        self.version = None  # as hub.set told it
        self.notes = 0
        self.syncs = 0
        self.dfu_entered = 0  # how often mode:dfu was entered, and left, for tests
        self.dfu_left = 0
        self.dfu_expired = 0
        self._before_dfu = self.mode
        self._entered_ms = 0
        self._timer_ms = 0
        self._polls_left = 0
        self._session_until = 0
        self.verbs = {
            "hub.set": self.set,
            "hub.get": self.get,
            "hub.status": self.status,
            "hub.sync": self.sync,
            "hub.sync.status": self.sync_status,
            "hub.log": self.log,
            "note.add": self.note_add,
        }

    def tick(self):
        """Let the DFU mode's 15 minutes end."""
        if self.mode == "dfu" and self._now() - self._timer_ms >= _DFU_TIMER_MS:
            self.expire()

    def expire(self):
        """The DFU mode ends by itself."""
        if self.mode == "dfu":
            self.dfu_expired += 1
            self.mode = self._before_dfu

    def leave_dfu(self):
        """Back to the mode from before, if the mode is dfu."""
        if self.mode == "dfu":
            self.dfu_left += 1
            self.mode = self._before_dfu

    def online(self):
        """Whether images can come from Notehub."""
        return self.mode in ("periodic", "continuous")

    def served(self):
        """A dfu.get was served."""
        if self._preset.get_restarts_timer:
            self._timer_ms = self._now()

    def dfu_refusal(self):
        """Why dfu.get can't be served yet on firmware that needs the DFU mode: the err text, or None."""
        if not self._preset.needs_dfu_mode:
            return None
        if self.mode != "dfu":
            return "not currently in the DFU operating mode (see hub.set)"
        now = self._now()
        if now < self._session_until:
            self._entered_ms = now
            return "DFU mode is not yet fully active: connected (session open) {connected}"
        if self._polls_left > 0 or now - self._entered_ms < self.dfu_entry_ms:
            self._polls_left -= 1
            return (
                "DFU mode is not yet fully active: starting communications "
                "{wait-module} {connecting} {dfu-not-ready}"
            )
        return None

    def set(self, request):
        self._keep_settings(request)
        mode = request.get("mode")
        if mode == "dfu":
            self._enter_dfu()
        elif mode == "dfu-completed":
            self.leave_dfu()
        elif mode is not None:
            self.leave_dfu()
            self.mode = "periodic" if mode == "-" else mode
        return OrderedDict()

    def _keep_settings(self, request):
        for member in request:
            if member not in ("req", "cmd", "id", "crc", "mode", "version", "body"):
                self.settings[member] = request[member]
        if "version" in request and self._preset.hub_version:
            self.version = request["version"]

    def _enter_dfu(self):
        now = self._now()
        self._timer_ms = now
        if self.mode == "dfu":
            return
        self.dfu_entered += 1
        self._before_dfu = self.mode
        self.mode = "dfu"
        self._entered_ms = now
        self._polls_left = self.dfu_polls

    def get(self, request):
        reply = OrderedDict((("mode", self.mode),))
        for name in sorted(self.settings):
            reply[name] = self.settings[name]
        return reply

    def status(self, request):
        connected = self._now() < self._session_until
        text = "connected (session open) {connected}" if connected else "idle {idle}"
        return OrderedDict((("status", text), ("connected", connected)))

    def sync(self, request):
        self.syncs += 1
        self._open_session(_SYNC_MS)
        return OrderedDict()

    def sync_status(self, request):
        open_ = self._now() < self._session_until
        return OrderedDict((("status", "sync {sync-begin}" if open_ else "completed {sync-end}"),))

    def log(self, request):
        busy = self._faults.hit("busy-after-log")
        self._open_session(self._faults.value("busy-after-log") if busy else _SYNC_MS)
        return OrderedDict()

    def note_add(self, request):
        self.notes += 1
        if request.get("sync"):
            self._open_session(_SYNC_MS)
        return OrderedDict((("total", self.notes),))

    def _open_session(self, ms):
        if self.online():
            self._session_until = self._now() + ms
