"""imgtool, MCUboot's own: every container is made by it, in a process of its own."""

import base64
import subprocess
import uuid
from collections import namedtuple

from notedfu import tlvs as fields
from tools import paths
from tools.failure import Failure
from tools.image import keys

# All that decides a container's bytes beside the payload. custom: {TLV type: bytes} of the protected area.
Recipe = namedtuple("Recipe", "version header_size counter vendor cls dependencies custom")


def _run(*arguments):
    done = subprocess.run([paths.IMGTOOL, *arguments], capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr + done.stdout).strip().splitlines()
        raise Failure("imgtool %s: %s" % (arguments[0], said[-1] if said else "exit %d" % done.returncode))
    return done.stdout


def _arguments(recipe):
    numbers = recipe.version
    yield from ("-v", "%d.%d.%d+%d" % numbers, "-H", str(recipe.header_size), "--pad-header")
    yield from ("-S", "0", "--align", "1")  # no slot to fit into: devices stage an image where they like
    if recipe.counter is not None:
        yield from ("-s", str(recipe.counter))
    for minimum in recipe.dependencies:
        yield from ("-d", "(%d,%d.%d.%d+%d)" % minimum)
    if recipe.vendor:
        yield from ("--vid", recipe.vendor)
    if recipe.cls:
        yield from ("--cid", recipe.cls)
    for kind, data in recipe.custom.items():
        yield from ("--custom-tlv", "0x%X" % kind, "0x" + data.hex())


def make(recipe, payload, out):
    """Wraps the file `payload` into an unsigned image `out`."""
    _run("sign", *_arguments(recipe), str(payload), str(out))


def digest(recipe, payload, work):
    """The 32 bytes that a signature is over."""
    out = work / "digest"
    _run("sign", *_arguments(recipe), "--vector-to-sign", "digest", str(payload), str(out))
    return out.read_bytes()


def make_signed(recipe, payload, out, public, signature, work):
    """Wraps `payload` and puts a signature made outside imgtool into the image."""
    (work / "signature").write_bytes(base64.b64encode(signature))
    (work / "public.pem").write_bytes(keys.pem(public))
    signed = ["--fix-sig", str(work / "signature"), "--fix-sig-pubkey", str(work / "public.pem")]
    _run("sign", *_arguments(recipe), *signed, str(payload), str(out))


def verify(image, public, work):
    """imgtool's own verdict: raises Failure unless the image is intact and signed by this key."""
    (work / "public.pem").write_bytes(keys.pem(public))
    _run("verify", "-k", str(work / "public.pem"), str(image))


def class_id(text):
    """The UUID of "vendor.domain/name" (RFC 4122 version 5, as imgtool does it), or of a raw UUID."""
    vendor, name = split_class(text)
    if vendor is None:
        return uuid.UUID(name)
    return uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, vendor), name)


def split_class(text):
    """What imgtool wants as vendor and class: ("vendor.domain", "name"), or (None, raw UUID)."""
    vendor, slash, name = text.partition("/")
    if slash and vendor and name:
        return vendor, name
    try:
        return None, str(uuid.UUID(text))
    except ValueError:
        raise Failure("the class is %r: write vendor.domain/name, or a UUID" % text) from None


def recipe_of(image):
    """The recipe that an image was made by, from its own header and protected TLVs."""
    custom, counter, vendor, cls, dependencies = {}, None, None, None, []
    for kind, data in image.protected:
        if kind == fields.COUNTER:
            counter = int.from_bytes(data, "little")
        elif kind == fields.VENDOR:
            vendor = str(uuid.UUID(bytes=data))
        elif kind == fields.CLASS:
            cls = str(uuid.UUID(bytes=data))
        elif kind == fields.DEPENDENCY:
            dependencies.append((data[0], data[4], data[5], *pair(data[6:])))
        elif kind in (fields.MARKER, fields.KIND, fields.UNPACKED, fields.KEYS):
            custom[kind] = data
        else:
            raise Failure("the image has a protected TLV 0x%02X that this tool did not write" % kind)
    return Recipe(image.version, image.header_size, counter, vendor, cls, dependencies, custom)


def pair(data):
    return int.from_bytes(data[:2], "little"), int.from_bytes(data[2:6], "little")
