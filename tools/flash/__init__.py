"""A strict model of NOR flash: what the proofs and the virtual board keep their filesystems on.

Everything here runs on CPython and inside MicroPython.
"""
