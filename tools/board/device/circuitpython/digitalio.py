"""The module `digitalio`, as far as inputs go."""

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

    @property
    def value(self):
        return self._pull == Pull.UP and self._name not in here.current.low_pins

    def deinit(self):
        here.current.give(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.deinit()
