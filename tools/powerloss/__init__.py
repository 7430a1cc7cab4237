"""Cuts the power of whole updates at every flash operation, and judges what is left: `make powerloss`."""
