# Belongs to notedfu and is never part of an image. An exception that left this file would skip main.py.
try:
    from notedfu import bootup

    bootup.boot()
except KeyboardInterrupt:
    raise  # a person wants the REPL, not main.py
except BaseException as error:  # noqa: BLE001
    import sys

    sys.print_exception(error)
