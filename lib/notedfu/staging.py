"""Which medium receives the image: the one place that knows both."""


def staging(port, settings, clock):
    """The staging of this board: a region of flash, an append-only file, or both. Nothing is erased by it.

    Raises LocalError where the region is not there.
    """
    if settings.staging == "flash" and settings.target == "ota" and settings.staging_partition == "ota":
        from notedfu.otastage import OtaStage

        return OtaStage(port.region(settings), port.root + "/notedfu.d/staging.img", clock)
    if settings.staging == "flash":
        from notedfu.flashstage import FlashStage

        return FlashStage(port.region(settings), clock)
    from notedfu.fat import is_fat

    data = port.root + "/notedfu.d"
    if is_fat(data):
        from notedfu.fatstage import FatStage

        return FatStage(data + "/journal", clock)
    from notedfu.filestage import FileStage

    return FileStage(data + "/staging.img", clock)
