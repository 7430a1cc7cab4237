"""The command line: python -m tools.demo --link i2c --staging file --scenario update; or --all."""

import argparse
import json
import sys
import time

from tools import paths
from tools.board.kinds import KINDS
from tools.board.supervisor import BoardError
from tools.demo import judgement, links, signing
from tools.demo.cut import CUTS
from tools.demo.drive import CIRCUITPYTHON
from tools.demo.firmware import BY_HAND, DUALBANKS, FIRMWARE, IN_PLACE_OF
from tools.demo.flash import Contents
from tools.demo.life import LIFE
from tools.demo.scenarios import BASE, SIGNING
from tools.demo.show import Progress, summary
from tools.demo.world import World
from tools.failure import Failure, status_of

SCENARIOS = {
    one.name: one
    for group in (BASE, SIGNING, LIFE, links.LINKS, CUTS, CIRCUITPYTHON, FIRMWARE, DUALBANKS, BY_HAND)
    for one in group
}
LINKS = ("i2c", "uart")
STAGING = ("file", "flash")
_OLD, _NEW = "1.0.0", "2.0.0"
_VERSIONS = (_OLD, _NEW, "3.0.0")
_REVERTED = ("app-raised", "trial-failed", "unconfirmed", "rolled-back")
_GLANCE = 2048  # bytes of an image that suffice for a verdict about header and signature


def say(line):
    print(line, flush=True)


def run(link, staging, scenario, key):
    """Run one scenario; returns what build/demo.json says of it."""
    say("== %s: %s, over %s, staged by %s, key %s" % (scenario.name, scenario.about, link, staging, key))
    workshop = signing.Workshop(key, KINDS[scenario.board].image_flags)
    old = None
    if scenario.before == _OLD:
        old = workshop.image(_OLD, scenario.change_first, options=scenario.old_options)
    new = scenario.new_image(workshop, _NEW)
    scenario.spoil(new)
    began = time.monotonic()
    with World(link, staging, scenario, workshop.settings(), paths.BUILD / "transcript.jsonl") as world:
        world.board.start()
        world.deploy(old)
        say("  deployed: the updater, app in slot A: %s" % scenario.before)
        world.board.press_reset()
        printed_before = scenario.settle(world)
        say("  the board runs; its app printed: %s" % printed_before)
        world.board.stop()
        before = Contents(world).app()
        world.board.start()
        offer = _offer(world, scenario, new)
        more = scenario.accompany(world, workshop)
        _watch(world, scenario, offer.length)
        printed_after = world.last_printed()
        world.board.stop()
        result = dict(_result(world, scenario, offer), **more)
        contents = Contents(world)
        result.update(app_after=contents.app(), staged_crc32=contents.staged_crc32(offer.length))
        result.update(scenario.look(world))
        result.update(link=link, staging=staging, key=key, judgement=judgement.of(world.records))
        result.update(printed_before=printed_before, printed_after=printed_after)
        result.update(app_before=before, seconds=round(time.monotonic() - began, 1))
    return result


def _offer(world, scenario, image):
    with world.server.lock:
        scenario.prepare(world.engine)
        offer = world.engine.offer(str(image))
    say("  Notehub offers %s, %d bytes" % (offer.file, offer.length))
    return offer


def _watch(world, scenario, total):
    """Show the download, then wait for the report."""
    progress = Progress(total)

    def told():
        progress.show(world.engine.counters.given(0, total))
        return len(world.reports()) >= scenario.told

    world.wait(told, "the report", scenario.timeout_s)
    progress.end()
    time.sleep(1)  # the answer to the report, and what the board does with it


def _result(world, scenario, offer):
    reported = world.reports()[-1]
    status = reported.get("err", "")
    if not status:
        ended = "confirmed"
    else:
        ended = "reverted" if status.startswith(_REVERTED) else "refused"
    counters = world.engine.counters
    return {
        "scenario": scenario.name,
        "result": ended,
        "image_bytes": offer.length,
        "image_crc32": offer.crc32,
        "fetched_bytes": counters.image_bytes,
        "fetched_twice": max(0, counters.image_bytes - offer.length),
        "notecard_mode": world.engine.dfu.mode,
        "reported": reported,
        "requests": dict(counters.requests),
        "bytes_in": counters.wire_in,
        "bytes_out": counters.wire_out,
        "violations": len(world.engine.violations),
        "boots": world.board.counters()["boots"],
        "starts": {version: world.board.console.text.count("app " + version) for version in _VERSIONS},
        "stops": world.engine.dfu.stops,
    }


def problems(scenario, result):
    """In what the result is not what the scenario promises; nothing where all is well."""
    after = scenario.after or (_NEW if scenario.result == "confirmed" else scenario.before)
    expected = {
        "result": scenario.result,
        "app_before": scenario.before,
        "app_after": after,
        "printed_after": after,
        "notecard_mode": "completed" if scenario.result == "confirmed" else "error",
        "violations": 0,
    }
    if scenario.result != "refused" and not scenario.after:
        expected["staged_crc32"] = result["image_crc32"]
    wrong = [
        "%s is %r, not %r" % (name, result[name], value)
        for name, value in expected.items()
        if result[name] != value
    ]
    told = result["reported"].get("err", "")
    if told.split(":")[0] != scenario.code:
        wrong.append("the report says %r, not %s" % (told, scenario.code))
    if not scenario.downloaded and result["fetched_bytes"] > _GLANCE:
        wrong.append("%d bytes were fetched for a verdict about the header" % result["fetched_bytes"])
    return wrong + scenario.wrong(result)


def everything():
    """What --all runs: signatures do not depend on the link, nor their verdicts on the staging."""
    runs = [(link, staging, one.name, "p256") for one in BASE for link in LINKS for staging in STAGING]
    runs += [("i2c", "file", one.name, "p256") for one in SIGNING]
    runs += [("uart", "flash", name, "ed25519") for name in ("update", "tampered")]
    runs += [("uart", "flash", one.name, "p256") for one in CUTS]
    runs += [("i2c", "flash", one.name, "p256") for one in FIRMWARE]
    rest = LIFE + links.LINKS + CUTS + CIRCUITPYTHON + DUALBANKS
    return runs + [("i2c", "file", one.name, "p256") for one in rest]


def passes(link, staging, name, key, mode="auto", board=None):
    """Run one scenario, show its summary, write build/demo.json; returns whether it ended as it should.

    board: one of KINDS, or None for the scenario's own.
    """
    scenario = SCENARIOS[IN_PLACE_OF.get(board, {}).get(name, name)]()
    links.ask_in(mode, scenario)
    scenario.board = board or scenario.board
    try:
        result = run(link, staging, scenario, key)
    except (BoardError, Failure) as error:
        say("  FAILED: %s" % error)
        return False
    (paths.BUILD / "demo.json").write_text(json.dumps(result, indent=2) + "\n")
    for line in summary(result):
        say(line)
    wrong = problems(scenario, result)
    for line in wrong:
        say("  WRONG: " + line)
    say("  %s as it should" % ("did not end" if wrong else "ended"))
    return not wrong


def main(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m tools.demo", description=sys.modules["tools.demo"].__doc__
    )
    parser.add_argument("--link", choices=LINKS, default="i2c")
    parser.add_argument("--staging", choices=STAGING, default="file")
    parser.add_argument("--scenario", choices=SCENARIOS, default="update")
    parser.add_argument("--key", choices=signing.KINDS, default="p256")
    parser.add_argument("--mode", choices=links.MODES, default="auto", help="how pages come")
    parser.add_argument(
        "--all",
        action="store_true",
        help="every scenario, the first three over every link with every staging",
    )
    parser.add_argument("--board", choices=KINDS, help="without, the scenario's own, mostly rp2")
    options = parser.parse_args(arguments)
    staging = KINDS[options.board or SCENARIOS[options.scenario].board].staging
    if options.staging not in staging:
        parser.error("this board stages in: %s" % ", ".join(staging))
    runs = everything() if options.all else [(options.link, options.staging, options.scenario, options.key)]

    def work():
        failed = 0
        for one in runs:
            failed += not passes(*one, options.mode, options.board)
        if len(runs) > 1:
            say("%d passed, %d failed" % (len(runs) - failed, failed))
        return 1 if failed else 0

    return status_of("demo", work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
