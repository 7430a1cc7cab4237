# Belongs to notedfu and is never part of an image. The app is main(dfu) in app.py of the active slot.
try:
    from notedfu import bootup

    bootup.main()
except (KeyboardInterrupt, SystemExit):
    raise  # a person has stopped it; the app asked for a soft reset
except BaseException as error:  # noqa: BLE001
    # /lib/notedfu itself is damaged: keep trying, slowly enough for a person with a REPL
    import sys
    import time

    import machine

    sys.print_exception(error)
    time.sleep(60)
    machine.reset()
