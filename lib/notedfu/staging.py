"""Which medium receives the image: the one place that knows both."""


def staging(port, settings, clock):
    """The staging of this board: a region of flash, or an append-only file. Nothing is erased by it.

    Raises LocalError where the region is not there.
    """
    if settings.staging == "flash":
        from notedfu.flashstage import FlashStage

        return FlashStage(port.region(settings), clock)
    from notedfu.filestage import FileStage

    return FileStage(port.root + "/notedfu.d/staging.img", clock)
