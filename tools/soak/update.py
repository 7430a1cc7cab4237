"""One update of the soak on the rig, and the judgement of how it ended (common subset)."""

import sys

import rig
import scratch
from check import Random

OLD, NEW, NEXT = "1.0.0", "2.0.0", "3.0.0"
FAULTY_S = 1200  # virtual time with faults; then they cease, and the update must come to its end
CALM_S = 1800
_CHECK_S = 60
_LOOK_S = 3  # between two polls of the app
_BOOTS = 60
_AT_REST = (0, 1)  # idle, and a download that its image's disappearance has ended
POLL_S = 1800  # the longest that one poll() may take: six attempts with their waits, and heartbeats between


class Hung(Exception):
    """Time did not pass, or nothing came of it."""


class Wrong(Exception):
    """The update ended in a way that must not be."""


def files_of(version, size, salt):
    """The app's files; `size` bytes are data that no packing can shorten."""
    return rig.app_files(version, {"data/table.bin": Random(size * 7 + salt + 1).bytes(size)})


class Update:
    """Plays a plan. `problems` are the codes that the app saw; `longest_poll_s` is virtual."""

    def __init__(self, plan, folder):
        self.plan = plan
        settings = {
            "link": plan.link, "form": plan.form, "page": plan.page, "staging": plan.staging,
            "i2c_mtu": plan.mtu, "uart_baud": plan.baud, "check_s": _CHECK_S,
            "trial_runs": 9, "swap_tries": 9, "watchdog_s": 0,
        }  # fmt: skip
        self.device = device = rig.Rig(folder, plan.preset, settings, plan.seed)
        device.engine.latency_ms = plan.latency_ms
        device.engine.dfu.supersede = plan.supersede
        self.problem = None  # the code of what stood in the way at the last poll
        self.problems = []
        self.longest_poll_s = 0
        self.folder = None  # of the app that runs
        self.offered = {}  # name of a version that was offered: its files
        self._logged = False
        self._settled = False
        device.install_first(OLD)
        for version in (OLD, NEW, NEXT):
            rig.BEHAVIOUR[version] = self._app

    def play(self):
        """From the offer to the end. Returns "installed" or "refused"; raises Hung or Wrong."""
        plan, device = self.plan, self.device
        faults = device.engine.faults
        for name, rate, at, value in plan.faults:
            faults.set(name, rate, at, value)
        self._offer(NEW, plan.size)
        if plan.successor:
            self._offer(NEXT, plan.size if plan.same_length else plan.size + 100)
        device.time.advance(device.engine.dfu.download_ms)
        device.engine.dfu.tick()
        self._live(FAULTY_S, plan.cuts)
        self.late = not self._settled
        faults.clear()
        self._settled = False
        self._live(CALM_S, ())
        self._complain()
        kept = device.engine.dfu.mode == "ready" and self.problem is not None
        if not self._settled and not kept:
            raise Hung("unsettled after %d s without faults: %s" % (CALM_S, self.problem))
        return self._judge(kept)

    def _offer(self, version, size):
        more = files_of(version, size, len(self.offered))
        self.offered[version] = more
        self.device.engine.offer(rig.app_image(version, more), "app-%s.img" % version)

    def _live(self, seconds, cuts):
        """Boot and run for `seconds`, with power cuts after so many seconds each, or until it is settled."""
        device = self.device
        end_ms = device.time.elapsed_ms + seconds * 1000
        cuts = list(cuts)
        for _ in range(_BOOTS):
            left_s = (end_ms - device.time.elapsed_ms) / 1000
            if self._settled or left_s <= 0:
                return
            cut_s = cuts.pop(0) if cuts else left_s
            if device.boot(min(cut_s, left_s)) == "repl":
                raise Wrong("the board went to the REPL: %s" % device.said[-2:])
        raise Hung("%d resets" % _BOOTS)

    def _app(self, dfu):
        """What every version's main does: confirm, poll, and end the boot when nothing is left to do."""
        time = self.device.time
        self.folder = sys.modules["app"].__file__.rsplit("/", 1)[0]
        dfu.confirm()
        while True:
            began_ms = time.elapsed_ms
            del self.device.records[:]  # nobody reads them here
            dfu.poll(500)
            self.longest_poll_s = max(self.longest_poll_s, (time.elapsed_ms - began_ms) // 1000)
            self.problem = dfu.problem.code if dfu.problem is not None else None
            if self.problem not in self.problems and self.problem is not None:
                self.problems.append(self.problem)
            if self.plan.logs and not self._logged:
                self._logged = True
                self._log(dfu)
            if self._at_rest(dfu):
                self._settled = True
                raise rig.PowerCycle()
            time.advance(_LOOK_S * 1000)

    def _log(self, dfu):
        from notedfu.errors import LinkError

        try:
            dfu.request({"req": "hub.log", "text": "hello"})
        except LinkError:
            pass  # then there is no session; the plan's other faults did that

    def _at_rest(self, dfu):
        """Whether the Notecard has no image any more, the device nothing to tell, and has looked since."""
        card = self.device.engine.dfu
        if card.mode in ("ready", "downloading") or card.queue or dfu.busy:
            return False
        journal = self.device.journal()
        return journal.outcome == 0 and journal.state in _AT_REST and not journal.flags & 1

    # ---- judgement

    def _complain(self):
        """What the library complained of on the console must not be a defect."""
        for error in self.device.complaints:
            if isinstance(error, AssertionError):
                raise Hung(str(error))
            if not hasattr(error, "code"):
                raise Wrong("complaint: %r" % (error,))
        if self.longest_poll_s > POLL_S:
            raise Hung("one poll() took %d s" % self.longest_poll_s)

    def _judge(self, kept):
        engine, plan = self.device.engine, self.plan
        if engine.violations:
            raise Wrong("broken rules: %s" % engine.violations[:2])
        if engine.hub.mode == "dfu":
            raise Wrong("DFU mode was not left")
        if engine.store.data:
            raise Wrong("the binary store was not left clean")
        version = rig.RUNS[-1]
        expected = rig.app_files(version, self.offered.get(version))
        found = scratch.files(self.folder)
        if found != expected:
            raise Wrong("the files of %s differ: %s" % (version, sorted(found)))
        self._check_journal()
        ends = [stop for stop in engine.dfu.stops if stop["name"] is not None]
        for stop in ends:
            self._check_stop(stop)
        installed = version != OLD
        if not installed and not ends and not kept and engine.dfu.image is None:
            raise Wrong("nothing was installed, and nothing reported")
        if not installed and not plan.may_be_refused:
            raise Wrong("a good image was refused: %s" % ends)
        return "installed" if installed else "refused"

    def _check_journal(self):
        journal = self.device.journal()
        if (
            journal.condition != "good"
            or journal.state not in _AT_REST
            or journal.outcome
            or journal.flags & 1
        ):
            raise Wrong("the journal is left as %s" % [journal.condition, journal.state, journal.flags])

    def _check_stop(self, stop):
        """What Notehub was told about an image is true."""
        version = stop["name"].split("$")[0][4:]
        if stop["mode"] == "completed":
            if version not in rig.RUNS:
                raise Wrong("%s was told to be installed, and never ran" % version)
        elif ": " not in stop["text"] or " " in stop["text"].split(":")[0]:
            raise Wrong("a report without a code: %r" % stop["text"])
