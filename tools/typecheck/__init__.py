"""The calls into each port's modules, checked by pyright against that port's stubs."""
