"""Whole updates under seeded random faults. `make soak`; on MicroPython, many updates a process."""
