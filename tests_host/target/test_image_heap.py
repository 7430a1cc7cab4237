import hashlib

import micropython

import images
from notedfu.image import Image, Nowhere

PAGE = 256


def test_the_pages_of_a_payload_allocate_nothing():
    image = images.unsigned(bytes(PAGE * 6), images.usual())
    stage = Image(Nowhere(), hashlib.sha256)
    page = bytearray(PAGE)
    view = memoryview(page)
    stage.begin(len(image))
    for at in range(0, len(image), PAGE):
        piece = image[at : at + PAGE]
        view[: len(piece)] = piece
        inside = PAGE <= at <= PAGE * 5
        if inside:
            micropython.heap_lock()
        try:
            stage.feed(view, 0, len(piece))
        finally:
            if inside:
                micropython.heap_unlock()
    stage.finish()
    assert stage.position == len(image)
