"""`python -m tools.notecard --uart --image app.img`: a simulated Notecard on a pty.

Prints the pty's path on a line of its own, then serves until SIGINT or SIGTERM.
"""

import argparse
import signal
import sys
import threading

from tools.arguments import whole_number
from tools.failure import status_of
from tools.notecard import presets
from tools.notecard.engine import Engine
from tools.notecard.faults import FAULTS, NAMES, Faults
from tools.notecard.server import Server, wall_clock
from tools.notecard.transcript import NoTranscript, Transcript


def arguments(argv):
    parser = argparse.ArgumentParser(prog="python -m tools.notecard", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--uart", action="store_true", help="serve on a pty (the only way from here, and the default)")
    add("--image", action="append", default=[], metavar="FILE", help="offer this image; several queue up")
    add("--preset", choices=presets.NAMES, default="8.x", help="the firmware's generation (default: 8.x)")
    add(
        "--fault",
        action="append",
        default=[],
        type=fault,
        metavar="NAME=RATE[:VALUE]",
        help="see --list-faults",
    )
    add("--list-faults", action="store_true", help="print the faults and their values, and end")
    add("--seed", type=int, default=1, help="of the faults (default: 1)")
    add("--transcript", metavar="FILE", help="write every exchange as a line of JSON")
    add("--latency-ms", type=whole_number(0), default=0, help="from a request to its reply (default: 0)")
    add("--download-ms", type=whole_number(0), default=2000, help="from the offer to ready (default: 2000)")
    add("--supersede", choices=("wait", "replace", "error"), default="wait", help="what a successor does")
    add("--baud", type=whole_number(1), help="pace the replies as at this rate (default: as fast as the pty)")
    return parser.parse_args(argv)


def fault(text):
    """(name, rate, value) of NAME=RATE[:VALUE]."""
    name, _, rest = text.partition("=")
    rate, _, value = rest.partition(":")
    if name not in NAMES:
        raise argparse.ArgumentTypeError("there is no fault %s (see --list-faults)" % name)
    if not 0 <= float(rate or 1) <= 1:
        raise argparse.ArgumentTypeError("the rate %s is not from 0 to 1" % rate)
    return name, float(rate or 1), int(value) if value else None


def engine_of(options, transcript):
    """The engine as the command line wants it, its images offered."""
    faults = Faults(options.seed)
    for name, rate, value in options.fault:
        faults.set(name, rate, value=value)
    engine = Engine(wall_clock(), options.preset, options.seed, faults, transcript)
    engine.latency_ms = options.latency_ms
    engine.dfu.download_ms = options.download_ms
    engine.dfu.supersede = options.supersede
    for path in options.image:
        engine.offer(path)
    return engine


def list_faults():
    for name, place, value, meaning in FAULTS:
        print("%-18s %-10s %s [%s]" % (name, place, meaning, value))


def serve(options, transcript):
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    server = Server(engine_of(options, transcript))
    print(server.open_pty(options.baud), flush=True)
    stop.wait()
    server.close()
    for text in server.engine.violations:
        print("violation: " + text, file=sys.stderr)
    return 1 if server.engine.violations else 0


def main(argv=None):
    options = arguments(argv)
    if options.list_faults:
        list_faults()
        return 0

    def work():
        if options.transcript is None:
            return serve(options, NoTranscript())
        with open(options.transcript, "w", buffering=1, encoding="utf-8") as file:
            return serve(options, Transcript(file.write))

    return status_of("notecard", work)


if __name__ == "__main__":
    sys.exit(main())
