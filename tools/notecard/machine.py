"""The image's way from Notehub to the host, as a state machine.

    idle -> downloading -> ready -> completed | error, and from these two on to the next offer.

Downloading takes `download_ms` of time in which the hub's mode is periodic or continuous and downloads are
allowed. A successor, offered while an image is ready, is treated as `supersede` says:

    wait     it waits for the stop of its predecessor (as Notehub shows a pending update)
    replace  it is downloaded and takes its predecessor's place as soon as it is there
    error    its predecessor goes to error "firmware update superceded"; it comes after the stop
"""

from tools.notecard.offer import CorruptSource, md5_hex

_SUPERSEDED = "firmware update superceded"  # the Notecard's own spelling


class Machine:
    """The host's image. `mode` and `status` are what dfu.status shows; `stops` lists the ends that the host
    reported."""

    def __init__(self, now, faults, hub):
        self._now = now
        self._faults = faults
        self._hub = hub
        self.mode = "idle"
        self.status = ""
        self.on = True
        self.download_ms = 2000
        self.supersede = "wait"
        self.image = None  # the Offer that is downloading or ready
        self.source = None  # its bytes, as they are served
        self.body = None  # its body, as it is shown
        self.queue = []
        self.stops = []
        self._progress_ms = 0  # time that the download has had
        self._successor_ms = 0  # the same, of the one that is to replace a ready image
        self._seen_ms = now()

    def offer(self, offer):
        """Queue an Offer behind those that are there."""
        self.tick()
        self.queue.append(offer)
        if self.mode == "ready" and self.supersede == "error":
            self.mode, self.status = "error", _SUPERSEDED

    def tick(self):
        """Bring the state up to now. One step for each state that time has passed through."""
        now = self._now()
        passed = now - self._seen_ms
        self._seen_ms = now
        if not (self._hub.online() and self.on):
            return
        if self.mode == "downloading":
            self._progress_ms += passed
            if self._progress_ms >= self.download_ms:
                self._ready()
        elif self.queue and self._may_start():
            self._start(passed)

    def _may_start(self):
        """Whether the next of the queue may be downloaded: there is no image to spoil, or it is to be."""
        if self.image is None:
            return True
        return self.mode == "ready" and self.supersede == "replace"

    def _start(self, passed):
        """Begin with the next of the queue; the time since the last tick counts."""
        if self.mode == "ready":
            self._successor_ms += passed
            if self._successor_ms >= self.download_ms:
                self.replace()
            return
        self._take(self.queue.pop(0))
        self.mode, self.status = "downloading", "downloading"
        self._progress_ms = passed
        if passed >= self.download_ms:
            self._ready()

    def replace(self):
        """The next of the queue takes the place of the image, downloaded and ready."""
        self._take(self.queue.pop(0))
        self._ready()

    def _ready(self):
        self.mode, self.status = "ready", "successfully downloaded"

    def _take(self, offer):
        faults = self._faults
        self.image, self._successor_ms = offer, 0
        self.source, self.body = offer.source, offer.body()
        if faults.hit("image-corrupt"):
            at = faults.value("image-corrupt")
            self.source = CorruptSource(
                offer.source, faults.below("image-corrupt", max(1, offer.length)) if at is None else at
            )
        if faults.hit("image-crc32"):
            self.body["crc32"] ^= 1 << faults.below("image-crc32", 32)
        if faults.hit("image-md5"):
            self.body["md5"] = md5_hex(self.body["md5"].encode())
        if faults.hit("image-length"):
            self.body["length"] = max(0, offer.length + faults.value("image-length"))

    def end(self, err, status):
        """The host's stop: the image is deleted. err is None for a success."""
        image = self.image
        self.mode = "completed" if err is None else "error"
        self.status = status if err is None else err
        self.stops.append(
            {
                "mode": self.mode,
                "text": self.status,
                "name": image.name if image else None,
                "md5": image.md5 if image else None,
            }
        )
        self.image = self.source = self.body = None

    def superseded(self):
        """A ready image loses its place: to the next of the queue, or to an error."""
        if self.mode != "ready":
            return
        if self.queue:
            self.replace()
        else:
            self.mode, self.status = "error", _SUPERSEDED
