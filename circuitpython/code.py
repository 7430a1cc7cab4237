# Belongs to notedfu and is never part of an image. The app is main(dfu) in app.py of the active slot.
try:
    from notedfu import bootup
    from notedfu.port.circuitpython import Port

    bootup.run(Port())
except (KeyboardInterrupt, ReloadException):
    raise  # a person has stopped it; a file was saved, or the app reloads
except BaseException as error:  # noqa: BLE001
    # the app has left by SystemExit, or /lib/notedfu itself is damaged: code.py would not run again by itself
    import time
    import traceback

    import microcontroller

    traceback.print_exception(error)
    time.sleep(5 if isinstance(error, SystemExit) else 60)
    microcontroller.reset()
