"""How large the library is: bytes of .mpy and of heap, by module and by phase, against the budget."""
