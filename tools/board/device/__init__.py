"""The side of the virtual board that runs inside MicroPython: flash, `machine`, boot order.

It is loaded from the developer's disk, then that disk is taken away: the code under test
sees the board alone.
"""
