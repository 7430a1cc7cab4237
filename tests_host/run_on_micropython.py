"""Runs test files on MicroPython: `micropython run_on_micropython.py ROOT FILE`.

Prints a line of JSON after an RS character (0x1e) for each test function, and one when the file is through,
so that a crash or an early exit shows as a line that is missing.
"""

import io
import json
import sys

MARK = "\x1e"


def say(record):
    print(MARK + json.dumps(record))


def told(error):
    text = io.StringIO()
    sys.print_exception(error, text)
    return text.getvalue()


def main(root, path):
    for folder in ("/tests_host", "/lib", ""):
        sys.path.insert(0, root + folder)
    folder, name = path.rsplit("/", 1)
    sys.path.insert(0, folder)
    module = __import__(name[:-3])
    for name in sorted(dir(module)):
        test = getattr(module, name)
        if not name.startswith("test_") or not callable(test):
            continue
        record = {"test": name}
        try:
            test()
        except BaseException as error:  # noqa: BLE001 - the report is where it is raised again
            record["error"] = told(error)
        say(record)
    say({"end": True})


main(sys.argv[1], sys.argv[2])
