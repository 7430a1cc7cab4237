"""The app of a bench that measures updates."""

import bench_app


def main(dfu):
    """What the library calls."""
    bench_app.main(dfu)
