"""The module `digitalio`: inputs with and without pull-up, outputs."""

from tools.board.device import circuitpython as here


class Pull:
    """Pull resistors."""

    UP = "up"
    DOWN = "down"


class DigitalInOut:
    """A pin that nothing is wired to, but for those that the board holds low."""

    def __init__(self, pin):
        here.current.take(pin, self)
        self._name = pin.name
        self._pull = None

    def switch_to_input(self, pull=None):
        self._pull = pull
        here.current.driven.pop(self._name, None)

    def switch_to_output(self, value=False, drive_mode="push_pull"):
        self._pull = None
        here.current.driven[self._name] = value

    @property
    def pull(self):
        if self._name in here.current.driven:
            raise AttributeError("Cannot get pull while in output mode")
        return self._pull

    @property
    def value(self):
        if self._name in here.current.driven:
            return here.current.driven[self._name]
        return self._pull == Pull.UP and self._name not in here.current.low_pins

    def deinit(self):
        here.current.driven.pop(self._name, None)
        here.current.give(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.deinit()
