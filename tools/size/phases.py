"""What is loaded when: the phases of a device's life, their modules, and what each may weigh."""

from tools.size.modules import closure

KB = 1000

# phase: (what is imported for it, phases whose modules are there already, budget in bytes of .mpy or None).
# The roots are what the code imports inside functions; what these import at module level comes with them.

PHASES = {
    "boot": (("bootup", "port", "port.micropython"), (), 6 * KB),
    "app": (("supervise", "rules", "forget", "port.later", "port.wires"), ("boot",), None),
    "decide": (("decide",), ("boot", "app"), None),
    "check": (("assemble", "notecard", "dfu", "reply", "update", "i2c"), ("boot", "app"), None),
    "preflight": (
        ("preflight", "trust", "verdict", "p256", "marker", "fits"),
        ("boot", "app", "check"),
        None,
    ),
    "download": (("transfer", "staging", "filestage"), ("boot", "app", "check"), None),
    "swap": (("swap", "filestage"), ("boot", "app", "decide"), None),
}


def modules(phase):
    """What `phase` loads beyond what is there already, in the order of imports."""
    roots, before, _ = PHASES[phase]
    there = set()
    for other in before:
        there.update(modules(other))
    return [name for name in closure(roots) if name not in there]
