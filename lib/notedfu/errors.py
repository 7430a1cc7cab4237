"""The errors: one class for each remedy, each raise with a stable code.

The code is what Notehub's operator reads first and what tests compare; docs/ERRORS.md lists them all. The
text says what happened, with the numbers, and what to do.
"""


class DfuError(Exception):
    """The root of the family. `code` is stable and hyphenated ("bad-crc32"), `text` is for a person."""

    def __init__(self, code, text):
        super().__init__(code, text)
        self.code = code
        self.text = text

    def __str__(self):
        return self.code + ": " + self.text


class LinkError(DfuError):
    """The bytes did not come through (bus, deadline, damage). Remedy: the same request again, later."""


class RequestError(DfuError):
    """The Notecard understood, and answered with `err`. Remedy: another request, or none."""


class TransferError(DfuError):
    """What arrived is not what the Notecard was given. Remedy: one whole new download, then refuse."""


class ImageError(DfuError):
    """A verdict about the image itself. Remedy: refuse it, and say so with `stop` and `err`."""


class LocalError(DfuError):
    """This device can't take it now (room, flash, battery). Remedy: keep the image where it is, try later."""


class SettingsError(DfuError):
    """notedfu.json is wrong. Remedy: mend the file; what is installed runs meanwhile."""
