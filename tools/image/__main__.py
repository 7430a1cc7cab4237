"""The command line: make (when nothing else is named), keygen, sign, verify, info."""

import argparse
import base64
import binascii
import sys
from pathlib import Path

from tools import paths
from tools.arguments import whole_number
from tools.failure import Failure, status_of
from tools.image import container, device, imgtool, info, keys, make, version

_COUNTER = whole_number(0, 0xFFFFFFFF)  # four bytes of a TLV


def _show(lines):
    for line in lines:
        print(line, flush=True)


def do_make(options):
    path = make.make(options)
    public = keys.private(options.key).public_key() if options.key else None
    _show(info.after_making(path, public, options.cls))


def do_keygen(options):
    if options.cls:
        imgtool.split_class(options.cls)  # before there is a key that would not be made again
    key = keys.generate(options.key, options.type)
    print("wrote the private key %s (only you can read it; keep a copy offline)" % options.key)
    print("devices trust it if notedfu.json has:")
    _show("  " + line for line in info.settings_lines(key.public_key(), options.cls))


def do_sign(options):
    out = options.out or options.image
    if options.digest_out:
        Path(options.digest_out).write_bytes(make.digest_of(options.image))
        print("wrote the 32 bytes to be signed to %s" % options.digest_out)
        print("P-256: sign them as a SHA-256 digest (not hashed again); Ed25519: sign them as the message")
        return
    if options.key:
        public = keys.private(options.key).public_key()
        path = make.sign(options.image, out, options.key)
    elif options.signature_in and options.public_key:
        public = keys.public(options.public_key)
        path = make.attach(options.image, out, options.public_key, _signature(options.signature_in))
    else:
        raise Failure("sign with --key, or with --digest-out, then --signature-in and --public-key")
    _show(info.after_making(path, public, None))


def _signature(path):
    """A signature from a file: as it is, or as base64."""
    data = Path(path).read_bytes()
    try:
        return base64.b64decode(data.strip(), validate=True)
    except binascii.Error:
        return data


def do_verify(options):
    image = container.read(options.image)
    info.agreement(image)
    public = keys.public(options.key)
    with make.scratch() as work:
        imgtool.verify(options.image, public, work)
    digest = make.digest_of(options.image)
    print("good: %s, signed by %s..." % (digest.hex(), keys.settings_text(public)[:24]))


def do_info(options):
    trusted = [keys.settings_text(keys.public(key)) for key in options.key]
    if options.settings:
        trusted += device.keys_in(options.settings)
    _show(info.lines(options.image, trusted))
    if options.settings:
        running = version.parse(options.running) if options.running else None
        answer = device.answer(options.image, options.settings, running, options.counter)
        print("a device with these settings would %s" % answer)


def _make_arguments(add):
    add("app", help="the app's directory (it holds app.py), or an ESP32 .bin")
    add("version", help="1.2.3, or 1.2.3+4")
    add(
        "out",
        nargs="?",
        help="the image, its name must carry the version; default build/images/NAME-VERSION.img",
    )
    add("--name", help="what `firmware` in the marker says; default: the directory's name")
    add("--key", help="the private key to sign with (PEM); unsigned without")
    add("--counter", type=_COUNTER, help="security counter: devices refuse a lower one than they run")
    add("--class", dest="cls", help="vendor.domain/name or a UUID: what the devices' settings name")
    add("--requires", action="append", default=[], metavar="VERSION", help="the least version to update from")
    add(
        "--trust",
        action="append",
        default=[],
        metavar="KEY",
        help="keys that devices trust from this image on",
    )
    kinds = ("slots", "romfs", "esp32")
    add("--kind", choices=kinds, default="slots", help="an app, as files or a ROMFS, or an ESP32 .bin")
    add("--beside", metavar="APP", help="an app's directory, to come with the native image: both or neither")
    add("--updater", action="store_true", help="bring the updater's download half along (docs/APP.md)")
    add("--source", action="store_true", help="leave .py files as they are")
    add("--keep", action="append", default=[], metavar="PATTERN", help="leave these .py files as they are")
    add("--march", help="for native and viper code: mpy-cross's architecture")
    add("--mpy-cross", default=paths.MPY_CROSS, help="another mpy-cross; CircuitPython needs its own")
    for key in ("org", "product", "description"):
        add("--" + key, help="for Notehub's list of firmware")
    add("--built", help="a date for Notehub's list; default SOURCE_DATE_EPOCH, or none")
    add("--builder", default="notedfu")


def parser():
    """The command line's grammar."""
    whole = argparse.ArgumentParser(
        prog="python -m tools.image", description=sys.modules["tools.image"].__doc__
    )
    commands = whole.add_subparsers(dest="command", required=True)

    def command(name, run, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub.add_argument

    _make_arguments(command("make", do_make, "make an image from an app's directory"))
    add = command("keygen", do_keygen, "make a signing key")
    add("key", help="the file to write; never inside a repository")
    add("--type", choices=("p256", "ed25519"), default="p256")
    add("--class", dest="cls", help="vendor.domain/name, to be shown as its UUID")
    add = command("sign", do_sign, "sign an image with a key here, or with one in an HSM or a cloud KMS")
    add("image")
    add("out", nargs="?", help="default: the image itself")
    add("--key", help="a private key (PEM)")
    add("--digest-out", metavar="FILE", help="write what a key elsewhere has to sign")
    add("--signature-in", metavar="FILE", help="the signature that it made, raw or base64")
    add("--public-key", help="its public key, PEM or as in the settings")
    add = command("verify", do_verify, "check an image with imgtool, and that its three versions agree")
    add("image")
    add("--key", required=True, help="PEM, or as in the settings")
    add = command("info", do_info, "all about an image")
    add("image")
    add("--key", action="append", default=[], help="a key that may have signed it")
    add("--settings", metavar="notedfu.json", help="say what a device with these settings would do with it")
    add("--running", metavar="VERSION", help="the version that this device runs")
    add("--counter", type=_COUNTER, default=0, help="the security counter that this device holds")
    return whole


def main(arguments):
    if not arguments or arguments[0] not in ("make", "keygen", "sign", "verify", "info", "-h", "--help"):
        arguments = ["make", *arguments]
    options = parser().parse_args(arguments)
    return status_of("image", lambda: options.run(options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
