"""What an update costs: bytes a second, instructions, heap. docs/BENCH.md says what is measured, and how."""
