"""For boards where boot.py may always write and the app's file may not, and runs again at every save:

CircuitPython.

boot.py decides, swaps and counts the run. code.py (bootup.main) runs the app; what it can't write waits in
the port's keep(). safemode.py counts the crash that led to safe mode.
"""

from notedfu.decide import Boot
from notedfu.health import Health
from notedfu.journal import GOOD, TRIAL

_PAUSE_S = 60  # the longest pause before the reset out of safe mode


def boot(port):
    """boot.py's whole work. While the updater is switched off the drive stays the computer's."""
    one = Boot(port)
    if one.off():
        return
    action = one.act()
    if one.swapped and one.slots.firmwares:
        port.reset()  # it may be another one that goes with the slot
    if action in ("alone", "recover"):  # which are no runs
        _settle(one)
    else:
        Health(one).begin()
    port.hand_over(one.settings)


def safemode(port):
    """safemode.py's whole work: the run that crashed the interpreter was unclean. Ends in a reset.

    The more crashes in a row, the longer the pause: a person must get to the REPL, and flash must last.
    """
    one = Boot(port)
    one.journal.load()
    one.journal.adopt(port.kept())
    crashes = 0
    if not one.off() and one.journal.condition == GOOD:
        crashes = one.journal.unclean
        if one.journal.state != TRIAL:  # there each run has been counted before it began
            one.journal.running = 1
            _settle(one)
    one.clock.sleep(1000 + 10000 * min(crashes, _PAUSE_S // 10))
    port.reset()


def _settle(one):
    """A run that began and never ended was unclean."""
    journal = one.journal
    if journal.running:
        journal.unclean = min(journal.unclean + journal.running, 255)
        journal.running = 0
        one.save()
