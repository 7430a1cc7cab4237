"""A simulated Notecard: one request engine, two front ends (serial-over-I2C and UART). docs/SIMULATOR.md.

Everything but pty.py, server.py, remote.py and __main__.py runs on CPython and on MicroPython alike.
"""
