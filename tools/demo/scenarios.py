"""What a demo shows: how the second version is made, what goes wrong, and how it must end."""

from pathlib import Path

from tools.demo.signing import change_payload, claim_digest

_CRASH = """

def main(dfu):
    print("app", VERSION)
    raise RuntimeError("a bug that only shows on the device")
"""


class Scenario:
    """A good update; the others say what is different. One object a run."""

    name = "update"
    board = "rp2"  # tools/board/kinds.py
    about = "a good update"
    result = "confirmed"
    code = ""  # of the reported err
    preset = "8.x"
    settings = {}
    old_options = ()  # for tools.image make, (name, value) each, beside the usual ones
    new_options = ()
    downloaded = True  # False: the verdict comes before more than header and TLVs were fetched
    before = "1.0.0"  # what is installed when the image is offered; "none" for a board without an app
    after = None  # and at the end, where that is neither the new version nor what was before
    told = 1  # reports that the Notecard gets
    timeout_s = 60
    signer = "own"  # of the second version: "own", "other" or None

    def change_first(self, app):
        """Edit the first version's sources, in the folder `app`."""

    def change(self, app):
        """Edit the second version's sources, in the folder `app`."""

    def spoil(self, image):
        """Edit the second version's image, a file, behind its signer's back."""

    def new_image(self, workshop, version):
        """Make the second version's image; returns its path."""
        return workshop.image(version, self.change, self.signer, self.new_options)

    def look(self, world):
        """What else the flash says at the end, the board being off; goes into build/demo.json."""
        return {}

    def prepare(self, engine):
        """Set the simulated Notecard's faults, before the image is offered."""

    def settle(self, world):
        """Wait until the board is as it should be when the image is offered; what it had printed last."""
        return world.printed(self.before)

    def accompany(self, world, workshop):
        """Do something while the update is on its way; returns more for build/demo.json."""
        return {}

    def wrong(self, result):
        """More sentences about what is not as it should be."""
        return []


class Revert(Scenario):
    name = "revert"
    about = "an app that crashes on trial"
    result = "reverted"
    code = "app-raised"

    def change(self, app):
        with open(Path(app) / "app.py", "a") as file:
            file.write(_CRASH)


class Corrupt(Scenario):
    name = "corrupt"
    about = "a bit that has flipped on the Notecard"
    result = "refused"
    code = "bad-crc32"

    def prepare(self, engine):
        engine.faults.set("image-corrupt", 1.0, value=9000)


class Tampered(Scenario):
    """All sums are right, and the signature is not over them."""

    name = "tampered"
    about = "a payload that was changed after signing, all its sums made anew"
    result = "refused"
    code = "bad-signature"
    downloaded = False

    def spoil(self, image):
        change_payload(image)
        claim_digest(image)


class Swapped(Scenario):
    """What preflight reads is genuine, signature included; what comes after it is not."""

    name = "swapped"
    about = "another payload under a genuine header, digest and signature"
    result = "refused"
    code = "bad-digest"

    def spoil(self, image):
        change_payload(image)


class Unsigned(Scenario):
    name = "unsigned"
    about = "an image without a signature"
    result = "refused"
    code = "unsigned"
    downloaded = False
    signer = None


class Downgrade(Scenario):
    name = "downgrade"
    about = "a genuine image with a lower security counter"
    result = "refused"
    code = "downgrade"
    downloaded = False
    old_options = (("--counter", "2"),)


class Foreign(Scenario):
    name = "foreign"
    about = "an image that is signed with somebody else's key"
    result = "refused"
    code = "foreign-key"
    downloaded = False
    signer = "other"


class Product(Scenario):
    name = "product"
    about = "a genuine image of another product"
    result = "refused"
    code = "foreign"
    downloaded = False
    new_options = (("--class", "example.com/gauge"),)


BASE = (Scenario, Revert, Corrupt)  # of which --all shows every link with every staging
SIGNING = (Tampered, Swapped, Unsigned, Downgrade, Foreign, Product)
SCENARIOS = {one.name: one for one in BASE + SIGNING}
