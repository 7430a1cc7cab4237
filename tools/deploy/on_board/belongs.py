def belongs(path):
    """Whether the file is the updater's; None where there is no such file."""
    try:
        with open(ROOT + path, "rb") as file:  # noqa: F821 - ROOT is given: where boot.py lies
            return b"Belongs to notedfu" in file.read(200)
    except OSError:
        return None
