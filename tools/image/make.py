"""make and sign: from files to a container, with nothing left to chance."""

import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from notedfu import tlvs as fields
from notedfu.errors import DfuError
from tools import paths
from tools.failure import Failure
from tools.image import container, device, half, imgtool, keys, payload, tlvs, version

# 32 is the least; a firmware begins at 4096, behind an archive's header or not, so that its pages stay whole
_HEADER = {"slots": 32, "romfs": 32, "esp32": 4096, "esp32+slots": 4096 - 512}


@contextmanager
def scratch():
    """A directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="notedfu-") as work:
        yield Path(work)


def output_path(out, name, numbers):
    """Where the image goes: `out` if it is a file, else name-1.2.3.img in the directory `out`."""
    own = "%s-%s.img" % (name, version.write(numbers))
    if out is None:
        out = paths.BUILD / "images" / own
    elif Path(out).is_dir() or str(out).endswith("/"):
        out = Path(out) / own
    version.check_name(Path(out).name, numbers)
    return Path(out)


def built(text):
    """The marker's `built`: what was asked for, else SOURCE_DATE_EPOCH, else nothing. Never the clock's now,
    and never a file's time, which differs from clone to clone: the same input has to give the same bytes.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if text is not None or not epoch:
        return text
    try:
        return time.strftime("%b %d %Y %H:%M:%S", time.gmtime(int(epoch)))
    except (OverflowError, ValueError):
        raise Failure("SOURCE_DATE_EPOCH is %r, and no count of seconds" % epoch) from None


def _payload(options, numbers, work):
    """Writes work/payload; returns its members."""
    out = work / "payload"
    if options.kind == "esp32":
        return payload.native(options.app, out)
    firmware, app = (options.app, options.beside) if options.beside else (None, options.app)
    keep = [*options.keep, half.VIPER]
    plan = None if options.source else payload.Plan(options.march, options.mpy_cross, keep)
    beside = half.files() if options.updater else ()
    members = payload.collect(app, version.write(numbers), work, plan, beside)
    if options.kind == "romfs":
        members = payload.rom(members, work)
    payload.archive([*payload.firmware(firmware), *members], out)
    return members


def _marker(options, name, numbers):
    facts = {
        "org": options.org,
        "product": options.product or name,
        "description": options.description,
        "firmware": name,
        "version": version.write(numbers),
        "built": built(options.built),
        "builder": options.builder,
    }
    facts.update(zip(("ver_major", "ver_minor", "ver_patch", "ver_build"), numbers))
    return tlvs.marker(facts)


def _recipe(options, name, numbers, members):
    custom = {
        fields.MARKER: _marker(options, name, numbers),
        fields.KIND: options.kind.encode(),
        fields.UNPACKED: tlvs.unpacked(members),
    }
    if options.trust:
        custom[fields.KEYS] = tlvs.trusted(keys.settings_text(keys.public(key)) for key in options.trust)
    vendor, cls = imgtool.split_class(options.cls) if options.cls else (None, None)
    needs = [(0, *version.parse(text)) for text in options.requires]
    return imgtool.Recipe(numbers, _HEADER[options.kind], options.counter, vendor, cls, needs, custom)


def make(options):
    """Makes the image that the command line asks for; returns its path."""
    numbers = version.parse(options.version)
    if options.beside:
        options.kind = "esp32+slots"
    name = options.name or Path(options.app).resolve().stem
    out = output_path(options.out, name, numbers)
    with scratch() as work:
        members = _payload(options, numbers, work)
        recipe = _recipe(options, name, numbers, members)
        made = work / "image.bin"  # imgtool goes by the ending: .hex would become Intel HEX
        if options.key:
            _sign(recipe, work / "payload", made, keys.private(options.key), work)
        else:
            imgtool.make(recipe, work / "payload", made)
        _put(made, out)
    return out


def _put(made, out):
    """Moves a finished image to its place, whole or not at all, and only if a device can read it."""
    try:
        device.read(made)
    except DfuError as error:
        raise Failure("no device would take this image, %s" % error) from None
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    try:
        shutil.copyfile(made, part)
        os.replace(part, out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sign(recipe, source, made, key, work):
    digest = imgtool.digest(recipe, source, work)
    imgtool.make_signed(recipe, source, made, key.public_key(), keys.sign(key, digest), work)


def _unpack(image, work):
    """The payload of an image as a file again."""
    out = work / "payload"
    with open(out, "wb") as file:
        for piece in container.pieces(image.path, image.header_size, image.header_size + image.payload_size):
            file.write(piece)
    return out


def digest_of(path):
    """The digest that a key elsewhere has to sign, after checking that the image really has it."""
    image = container.read(path)
    digest = container.digest(image)
    if container.first(image.plain, fields.SHA256) != digest:
        raise Failure("%s is damaged: its SHA-256 is not the one it claims" % path)
    return digest


def _rebuild(path, out, public, signature):
    digest = digest_of(path)
    if not keys.verifies(public, signature, digest):
        raise Failure("the signature is not by this key over the digest %s" % digest.hex())
    image = container.read(path)
    version.check_name(Path(out).name, image.version)
    with scratch() as work:
        made = work / "image.bin"
        imgtool.make_signed(imgtool.recipe_of(image), _unpack(image, work), made, public, signature, work)
        if digest_of(made) != digest:
            raise Failure("%s was not made by this tool: make it again and sign that" % path)
        _put(made, Path(out))
    return Path(out)


def sign(path, out, key_path):
    """Signs an image with a private key; the one it had, if any, is replaced."""
    key = keys.private(key_path)
    return _rebuild(path, out, key.public_key(), keys.sign(key, digest_of(path)))


def attach(path, out, public_path, signature):
    """Puts a signature made elsewhere (DER, or r and s; Ed25519's 64 bytes) into an image."""
    public = keys.public(public_path)
    return _rebuild(path, out, public, keys.der_signature(public, signature))
