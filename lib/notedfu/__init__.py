"""notedfu: over-the-air updates through a Blues Notecard. Importing this costs nothing."""

__version__ = "0.1.0"
