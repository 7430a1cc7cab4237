"""Files that hide a module of the firmware: left from an older one, they would run in its place for ever."""

_START = ("boot", "main")  # of these a frozen one comes first


def module(path):
    """The module that a file or folder at `path` is, or ""."""
    name = path.rsplit("/", 1)[1]
    stem, dot, ending = name.rpartition(".")
    if not dot:
        return name
    return stem if ending in ("py", "mpy") else ""


def own(text):
    """The modules of the firmware, of what help("modules") prints."""
    return {word.split("/")[0] for word in text.split("Plus any modules")[0].split()}


def hiding(text, files):
    """Those of `files` that hide a module of the firmware; text: as help("modules") prints it."""
    modules = own(text) - set(_START)
    return [path for path in sorted(files) if module(path) in modules]


def lines(board):
    """A sentence for each on the board."""
    text, answer = board.hear("modules")
    for path in hiding(text, answer["files"]):
        yield "%s hides the firmware's own module %s: remove it if it is older" % (path, module(path))
