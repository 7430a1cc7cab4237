"""Replies whose members are of other types than any Notecard's: nothing breaks, and once they are right again
the update comes."""

import rig
from check import Random
from scratch import Scratch

HEAPSIZE = "32M"
OLD, NEW = "1.0.0", "2.0.0"
GONE = object()  # the member is not there
DEEP = [[[[[[[[[["deep"]]]]]]]]]]
LONG = "x" * 1500  # more than a Reply keeps
TEXTS = ("", "text", "1234", "\U0001f600\0", LONG)
NUMBERS = (0, -1, 1.5, -0.5, 1e300, 10**31, -(10**20), 10**40)
ODD = (None, True, False, [], [None, 1], {}, {"body": {"length": [1]}}, DEEP, GONE) + TEXTS + NUMBERS

STATUS = ("mode", "status", "on", "off", "pending", "body", "err", "new", "crc")
BODY = ("length", "crc32", "md5", "source", "version")
PIECE = ("payload", "status", "cobs", "length", "err", "new")
PLACES = (
    [("dfu.status", None, member) for member in STATUS]
    + [("dfu.status", "body", member) for member in BODY]
    + [("dfu.get", None, member) for member in PIECE]
    + [("card.binary.get", None, member) for member in ("length", "status", "cobs", "err")]
    + [("card.binary", None, "err"), ("hub.set", None, "mode"), ("card.version", None, "version")]
)
SETTINGS = ({}, {"form": "binary"}, {"form": "base64", "page": 1024}, {"staging": "flash"}, {"link": "uart"})
PRESETS = ("9.1.1", "8.x", "5.x", "legacy", "legacy-restart")


class Odd:
    """Changes what the simulated Notecard answers.

    plan: {request: [(first, last, object, member, value)]}: of its answers, numbered from 0, those from
    `first` to `last`.
    """

    def __init__(self, engine):
        self.plan = {}
        self.struck = []
        self._seen = {}
        self._answer = engine._answer
        engine._answer = self._changed

    def _changed(self, request, reply, crc):
        name = request.get("req")
        number = self._seen[name] = self._seen.get(name, -1) + 1
        for first, last, inner, member, value in self.plan.get(name, ()):
            if first <= number <= last and (inner is None or isinstance(reply.get(inner), dict)):
                self.struck.append((name, number, inner, member))
                frame = getattr(reply, "frame", b"")
                reply = _Reply(reply, frame)
                part = reply
                if inner is not None:
                    part = reply[inner] = dict(reply[inner])
                part.pop(member, None)
                if value is not GONE:
                    part[member] = value
        return self._answer(request, reply, crc)


class _Reply(dict):
    def __init__(self, reply, frame):
        super().__init__()
        for member in reply:
            self[member] = reply[member]
        self.frame = frame


def device_in(folder, preset, settings):
    device = rig.Rig(folder, preset, settings)
    rig.BEHAVIOUR[OLD] = rig.stay
    rig.BEHAVIOUR[NEW] = rig.confirm_and_stay
    device.install_first(OLD)
    return device


def check_installed(device, what):
    for _ in range(6):
        if device.boot(for_s=3 * 3600) == "power":
            break
    assert device.complaints == [], (what, device.complaints[-3:])
    assert rig.RUNS[-1] == NEW and device.engine.dfu.mode == "completed", (what, rig.RUNS, device.said[-3:])
    assert [report.get("err") for report in device.reports()] == [None], (what, device.reports()[-3:])
    assert device.engine.violations == [], what


def test_each_odd_member_of_each_reply_is_lived_with_while_nothing_is_offered():
    with Scratch() as folder:
        device = device_in(folder, "8.x", {"check_s": 10})
        odd = Odd(device.engine)
        shown = [(None, member, value) for member in STATUS for value in ODD]
        odd.plan["dfu.status"] = [(at + 1, at + 1) + one for at, one in enumerate(shown)]
        assert device.boot(for_s=3600) == "power"
        assert len(odd.struck) == len(shown), len(odd.struck)
        assert device.complaints == [] and set(rig.RUNS) == {OLD}
        assert all("err" in report for report in device.reports())
        device.offer(rig.app_image(NEW))
        check_installed(device, "idle")


def test_an_update_comes_when_the_odd_replies_are_over():
    for seed in range(1, 15):
        random = Random(seed)

        def one_of(choice, random=random):
            return choice[random.below(len(choice))]

        with Scratch() as folder:
            device = device_in(folder, one_of(PRESETS), dict(one_of(SETTINGS), check_s=60))
            odd = Odd(device.engine)
            for _ in range(1 + random.below(4)):
                name, inner, member = one_of(PLACES)
                first = random.below(10)
                strikes = odd.plan.setdefault(name, [])
                strikes.append((first, first + random.below(12), inner, member, one_of(ODD)))
            device.offer(rig.app_image(NEW, {"table.bin": bytes(range(256)) * 20}))
            check_installed(device, seed)
