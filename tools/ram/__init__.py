"""What the updater takes of a board's RAM, on a real MicroPython with 32-bit words: docs/RAM.md."""
