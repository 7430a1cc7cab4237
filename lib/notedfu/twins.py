"""The one place that asks whether this interpreter compiles the viper twins of the hot loops."""

try:
    from notedfu import fast
except (ImportError, SyntaxError, ValueError):  # no such module, no viper emitter, .mpy of another machine
    fast = None


def twin(name, portable):
    """The function `name` of fast.py where it can run, else `portable`, which takes the same arguments."""
    return getattr(fast, name, portable)
