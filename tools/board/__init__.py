"""The virtual board: real MicroPython on a strict flash model, its power switch outside. docs/BOARD.md."""
