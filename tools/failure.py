"""How the tools say no."""


class Failure(Exception):
    """A sentence for the person at the keyboard: what is wrong, and what to do. The exit status is 1."""
