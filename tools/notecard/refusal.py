"""How a request is refused."""


class Refusal(Exception):
    """The request is answered with this text as `err`."""

    def __init__(self, text):
        super().__init__(text)
        self.text = text


class ProtocolViolation(Exception):
    """The host broke a rule of the wire; a real Notecard would hang the bus or lose bytes."""
