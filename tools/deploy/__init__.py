"""Puts the updater and an app on a board, over the real mpremote: `make deploy PORT=...`."""
