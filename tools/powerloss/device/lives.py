"""The lives of a board that the proof cuts into: where each begins, what its apps do, how it must end."""

from tools.powerloss.device import apps, filesystems, oracle
from tools.powerloss.device.port import Reset
from tools.powerloss.device.world import ROOT, USER_FILES, PowerOff, World

FIRST, SECOND, THIRD = apps.VERSIONS
_NEVER = 1000000  # polls
_WORN_POLLS = 60  # of a boot with a bad block: the update may never come to its end
_REST_POLLS = 2  # after all is settled: the healthy mark is set, and what should not happen would


class Life:
    """A good update into a file. The others say what is different."""

    name = "update"
    staging = "file"
    offers = (SECOND,)
    queue = ()  # offered while the first one is ready
    ends = SECOND
    stops = ((SECOND, "completed", "installed 2.0.0"),)
    before = FIRST  # what runs if the swap is cut short again and again, and what is reported then
    given_up = ((SECOND, "error", "swap-failed"),)
    bad = None  # the version that does not confirm
    behaviour = "confirm"
    settings = {}
    boots = (0, 99)  # which of its boots are cut; the others are another life's affair
    phase = None  # the name of all of its operations in the matrix; None: the library's steps
    resumes = False  # whether the download goes on where an earlier one was cut off
    extra = 0  # bytes in a file of the app's
    patience = None  # polls until a boot is at rest even where an image waits; None: as long as it takes
    fetches_anew = False  # whether the clean run has a whole new download in it
    rots = False  # whether a bit of what is staged flips after it was verified
    jumps = False  # whether the clock jumps

    def __init__(self, geometry, age=0):
        self.apps = apps.catalogue(self.extra)
        self.offer_md5 = {}
        self.offer_names = {}
        self.user_files = dict(USER_FILES)
        settings = dict(self.settings, staging=self.staging)
        geometry = filesystems.geometry(geometry)
        self.world = World(geometry.long() if self.extra else geometry, self.apps, self.act, settings)
        self.world.jumps = self.jumps
        self.age = age
        self.world.powered(self.set_up)
        for version in self.offers:
            self.offer(version)
        self.world.time.elapsed_ms += 600
        self.world.engine.dfu.tick()
        for version in self.queue:
            self.offer(version)
        self.prepare()

    def offer(self, version):
        offer = self.world.engine.offer(self.apps[version].image, version + ".img")
        self.offer_md5[version] = offer.md5
        self.offer_names[version] = offer.name

    def may_fetch_again(self):
        """Bytes that one interruption may cost (docs/SPEC.md): a page, on raw flash an erase block at least.

        FAT may lose the whole file.
        """
        interruptions = 2 if self.name.startswith("resume") else 1
        if self.world.geometry.kind == "fat" and self.staging == "file":
            return self.world.geometry.block * self.world.geometry.blocks
        block = self.world.geometry.block if self.staging == "flash" else 0
        return interruptions * max(self.world.settings["page"], block)

    def image_of(self, identity):
        """The image with this identity, or None."""
        for version in self.apps:
            if self.apps[version].identity == identity:
                return self.apps[version].image
        return None

    def set_up(self):
        """A board with the first app in slot A, whose journal has been saved `age` times."""
        self.world.write_files()
        install(self.apps[FIRST], 1, self.age)

    def prepare(self):
        """Whatever comes before the life's first boot."""

    def act(self, version, dfu):
        """What a started app does."""
        if version == self.bad:
            return self.misbehave(dfu)
        if version != FIRST:
            dfu.confirm()
        return self.rest(dfu)

    def misbehave(self, dfu):
        raise KeyError("the new app is not good")

    def rest(self, dfu):
        """Poll until the Notecard has nothing more to say."""
        polls, waited = _REST_POLLS, 0
        while polls:
            dfu.poll(500)
            self.world.time.advance(1500)
            if self.quiet(dfu):
                polls -= 1
            waited += 1
            if waited >= (_WORN_POLLS if self.world.bad_blocks else self.patience or _NEVER):
                break
        raise PowerOff("rest")

    def quiet(self, dfu):
        """Whether nothing is under way any more. Only where the boot is to end depends on it."""
        engine = self.world.engine.dfu
        waiting = engine.mode in ("downloading", "ready") or engine.queue
        return not waiting and not dfu.busy and not dfu.on_trial


class UpdateIntoFlash(Life):
    name = "update-flash"
    staging = "flash"


class Resume(Life):
    """The first download was cut off in its middle."""

    name = "resume"
    resumes = True

    def prepare(self):
        world = self.world
        before = world.snapshot()
        whole = world.boot().transactions
        world.restore(before)
        world.boot(bus_cut=whole * 2 // 3)


class ResumeInFlash(Resume):
    name = "resume-flash"
    staging = "flash"


class Crash(Life):
    """The new app raises, and is reverted."""

    name = "crash"
    boots = (1, 99)
    ends = FIRST
    stops = ((SECOND, "error", "app-raised"),)
    bad = SECOND


class Silent(Life):
    """The new app never confirms."""

    name = "silent"
    boots = (2, 99)
    ends = FIRST
    stops = ((SECOND, "error", "trial-failed"),)
    bad = SECOND

    def misbehave(self, dfu):
        while True:
            dfu.poll(500)
            self.world.time.advance(2000)


class Resets(Silent):
    """The new app resets the board at once, whenever it is started."""

    name = "resets"

    def misbehave(self, dfu):
        raise Reset()


class Successor(Life):
    """While the second app is reported, the third waits already: a stop must not delete it."""

    name = "successor"
    boots = (2, 3)
    queue = (THIRD,)
    ends = THIRD
    stops = ((SECOND, "completed", "installed 2.0.0"), (THIRD, "completed", "installed 3.0.0"))


class Next(Life):
    """The update after the first one: the slots have changed places."""

    name = "next"
    phase = "next"
    ends = THIRD
    stops = ((SECOND, "completed", "installed 2.0.0"), (THIRD, "completed", "installed 3.0.0"))

    def prepare(self):
        for _ in range(4):
            if self.world.boot().ended == "rest":
                break
        self.offer(THIRD)
        self.world.time.elapsed_ms += 600
        self.world.engine.dfu.tick()


class NextInFlash(Next):
    name = "next-flash"
    staging = "flash"


class Long(Life):
    """An image of 64 KiB, in pages of 4096 bytes."""

    name = "long"
    extra = 60000
    settings = {"page": 4096}


class LongIntoFlash(Long):
    name = "long-flash"
    staging = "flash"


class Full(Life):
    """There is no room for the image: it waits at the Notecard, and all else goes on."""

    name = "full"
    ends = FIRST
    stops = ()
    patience = 12

    def set_up(self):
        super().set_up()
        self.user_files.update(fill())


class Brim(Life):
    """The new app fills the filesystem to the brim before it confirms."""

    name = "brim"
    boots = (2, 99)

    def act(self, version, dfu):
        if version == SECOND and dfu.on_trial:
            self.world.mark("app")
            fill()
            self.world.mark("run")
        return super().act(version, dfu)


class Rot(Life):
    """A bit of what is staged flips between verification and swap: the image is fetched once more."""

    name = "rot"
    rots = fetches_anew = True

    def prepare(self):
        world = self.world
        world.boot()
        if not world.look().record or world.look().record.state != oracle.PENDING:
            raise AssertionError("nothing is pending: %s" % world.said)
        if self.staging == "flash":
            world.flip(world.geometry.blocks * world.geometry.block + self._place())
        else:
            world.powered(self._flip)

    def _place(self):
        """Where in what is staged: in the text of a file, which nothing but the digest guards."""
        return self.apps[SECOND].image.find(b"notes of") + 3

    def _flip(self):
        on_fat = self.world.geometry.kind == "fat"
        name, edge = ("journal/s/image", 4096) if on_fat else ("staging.img", 0)
        with open(ROOT + "/notedfu.d/" + name, "r+b") as file:
            _flip(file, edge + self._place(), 4)


class RotInFlash(Rot):
    name = "rot-flash"
    staging = "flash"


class Clock(Life):
    """The clock jumps, ahead and back, by seconds and by days."""

    name = "clock"
    jumps = True


class JournalHurt(Life):
    """Nothing is offered; a bit of the journal's copy that counts has flipped; it must be made anew."""

    name = "journal"
    phase = "journal"
    offers = ()
    ends = FIRST
    stops = ()
    hurt = 1

    def prepare(self):
        self.world.powered(self._damage)

    def _damage(self):
        for copy in (self.age & 1, 1 - (self.age & 1))[: self.hurt]:
            with open("%s/notedfu.d/journal/%d/record" % (ROOT, copy), "r+b") as file:
                _flip(file, (self.age * 37 + 19 * copy + 11) % 209, 1 << self.age % 8)


class JournalLost(JournalHurt):
    """A bit of both copies has flipped: an app runs all the same, and the board says so."""

    name = "journal-lost"
    hurt = 2


class Damaged(Life):
    """A bit has flipped on the Notecard: what is staged must never be pending."""

    name = "damaged"
    fetches_anew = True
    ends = FIRST
    stops = ((SECOND, "error", "bad-crc32"),)

    def offer(self, version):
        self.world.engine.faults.set("image-corrupt", 1.0, value=700)
        super().offer(version)


class Fresh(Life):
    """A board on which nothing is installed yet."""

    name = "fresh"
    before = None  # nothing runs if its swap is cut short again and again: recovery

    def set_up(self):
        self.world.write_files()


LIVES = (
    Life, UpdateIntoFlash, Resume, ResumeInFlash, Crash, Silent, Successor, Next, NextInFlash, JournalHurt,
    JournalLost, Fresh, Damaged, Resets, Long, LongIntoFlash, Full, Brim, Rot, RotInFlash, Clock,
)  # fmt: skip


def life(name, geometry, age=0):
    """A new life by its name."""
    for one in LIVES:
        if one.name == name:
            return one(geometry, age)
    raise ValueError("no such life: " + name)


def install(app, slot, age):
    """Put `app` into `slot`, confirmed, with a journal, as `make deploy` does; runs on a mounted board."""
    import os

    from notedfu.journal import Journal
    from notedfu.slots import Slots
    from notedfu.slotwriter import SlotWriter
    from virtual import VirtualTime

    data = ROOT + "/notedfu.d"
    os.mkdir(data)
    journal = Journal(data + "/journal")
    journal.create()
    slots = Slots(data)
    writer = SlotWriter(slots, slot, VirtualTime().clock())
    writer.begin()
    writer.folder("data")
    for name in sorted(app.files):
        writer.open(name, len(app.files[name]))
        writer.feed(app.files[name], 0, len(app.files[name]))
        writer.close()
    writer.seal(app.header, app.protected, app.identity)
    slots.confirm(slot)
    journal.load()
    journal.active = slot
    journal.counter = app.counter
    for _ in range(2 + age):
        journal.save()


def _flip(file, at, mask):
    file.seek(at)
    one = file.read(1)[0]
    file.seek(at)
    file.write(bytes([one ^ mask]))


def fill():
    """Fill the mounted filesystem until there is no room; returns the files that came through whole."""
    import os

    found = {}
    unit, _, total, free = os.statvfs(ROOT)[:4]
    if free > total:  # a full LittleFS may count more than it has
        free = 0
    sizes = [max(0, free - 3) * unit] + [unit] * 24
    for number, size in enumerate(sizes):
        name = "data/fill%d" % number
        data = b"f" * size
        try:
            if _is_there(ROOT + "/" + name):
                continue
            with open(ROOT + "/" + name, "wb") as file:
                file.write(data)
        except OSError:
            _drop(ROOT + "/" + name)
            break
        found[name] = data
    return found


def _is_there(path):
    import os

    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _drop(path):
    import os

    try:
        os.remove(path)
    except OSError:
        pass  # the power is off, or the file never came to be
