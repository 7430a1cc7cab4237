# Belongs to notedfu and is never part of an image. Runs instead of boot.py and code.py after a crash of the
# interpreter.
try:
    from notedfu import inboot
    from notedfu.port.circuitpython import BootPort

    inboot.safemode(BootPort())
except Exception:  # noqa: BLE001 - /lib/notedfu itself is damaged: a reset all the same
    import time

    import microcontroller

    time.sleep(60)
    microcontroller.reset()
