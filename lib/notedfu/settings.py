"""notedfu.json as attributes; rules.py has the keys."""


class Settings:
    """The settings as attributes. `error` is None, or the SettingsError that says what is wrong.

    With an error every key that could be read is set and `keys` is empty and `allow_unsigned` false: the app
    runs, and no image is taken.
    """

    def __init__(self):
        from notedfu.rules import TABLE

        self.error = None
        for name, default, _ in TABLE:
            setattr(self, name, default)

    def load(self, path):
        """Read `path`.

        A file that is not there means defaults. Returns self, never raises for its contents.
        """
        from notedfu import rules
        from notedfu.forget import forget

        rules.load(self, path)
        forget("rules")
        return self
