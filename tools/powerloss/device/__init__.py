"""The part of the proof that runs inside MicroPython: flash, filesystem, library and simulated Notecard."""
