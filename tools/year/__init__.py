"""A year of a sleepy device: wakes, updates, power cuts, days without a Notecard, in one process."""
