"""Whether an offered image fits this device: by its first bytes, and by the room that it needs.

The last that is asked before anything is erased.
"""

from notedfu.errors import ImageError, LocalError


def look_inside(dfu, slots, candidate):
    """What more can be told before anything is erased: a firmware or ROMFS by its first bytes. ImageError."""
    if candidate.tlvs.kind == b"slots":
        return
    if candidate.tlvs.kind == b"romfs":
        from notedfu import romlook as inside
    else:
        from notedfu import firmware as inside
    inside.look(dfu, slots, candidate)


def make_room(slots, active, candidate, stage):
    """reserve_room() for an image of which nothing is staged: what another one has left there goes, if it is
    in the way."""
    try:
        reserve_room(slots, active, candidate, stage)
    except LocalError:
        stage.discard()
        reserve_room(slots, active, candidate, stage)


def reserve_room(slots, active, candidate, stage):
    """Keep room for the unpacked app beside what runs; what staging may take is the rest.

    Raises LocalError `no-room` if there is not enough even without staging, ImageError if the image does
    not say.
    """
    tlvs = candidate.tlvs
    if tlvs.kind not in (b"slots", b"romfs"):
        from notedfu import firmware

        firmware.reserve_room(slots, active, candidate, stage)
        return
    if tlvs.unpacked_size is None:
        raise ImageError("bad-tlv", "the image does not say how large its payload unpacks")
    room = slots.room(active)
    needed = slots.room_needed(tlvs.unpacked_size, tlvs.file_count)
    if needed > room:
        raise LocalError("no-room", "the app unpacks to %d bytes, %d are free" % (needed, room))
    held = slots.held(active)  # what the spare slot will give back
    stage.reserve = max(0, needed - held)
