"""What every boot needs: a look at settings, boot record and manifest, and the start of the app.

The look is enough to see that there is nothing to do. docs/SPEC.md draws the bytes. rules.py, journal.py and
slots.py know all of them, and use what is here. One file: each more is looked for, opened and linked anew.
"""

import gc
import json
import sys

try:
    from binascii import crc32
except ImportError:  # SAMD21, nRF52832
    from notedfu.bootcrc import by_table as crc32

RECORD_SIZE = 209  # bytes
FOLDERS = ("/?", "/a", "/b")  # of slot A, 1, and B, 2, below the updater's own


def look(port):
    """(app, its folder, watchdog_s, page) where there is nothing to do but run the app; else None.

    app, watchdog_s, page: as quick() returns them.
    """
    try:
        found = quick(port.root + "/notedfu.json")
        if found is None or port.acts_in_boot or port.exists("/notedfu.off"):
            return None
        folder = port.root + "/notedfu.d"
        active = settled(folder + "/journal")
        folder += FOLDERS[active]
        if active and confirmed(folder, port.sizes):
            return found[0], folder, found[1], found[2]
    except Exception:  # noqa: BLE001 - decide.py meets it again, and knows what to do and to say about it
        pass
    return None


def quick(path):
    """(app, watchdog_s, page) of the settings in `path`, all that a boot with nothing to do takes of them.

    None where it takes more than that: the updater is switched off or may be by a pin, the list of failures
    is to be cleared, slots have firmwares of their own, or what is there must be judged by rules.py. All
    other keys are judged when the app first calls the updater.
    """
    try:
        with open(path) as file:
            get = json.loads(file.read()).get
    except OSError:
        get = {}.get
    except (AttributeError, ValueError, MemoryError, RuntimeError):
        return None
    app, watchdog_s, page = get("app", "app"), get("watchdog_s", 120), get("page", 4096)
    if (
        get("off")
        or get("unblock")
        or get("off_pin", -1) != -1
        or get("target", "slots") != "slots"
        or not isinstance(app, str)
        or type(watchdog_s) is not int
        or not 0 <= watchdog_s <= 86400
        or type(page) is not int
        or not 256 <= page <= 8192
    ):
        return None
    return app, watchdog_s, page


def number(data):
    """What the bytes `data` mean in a record or a manifest: the lowest first."""
    return int.from_bytes(data, "little")


def valid(record):
    """Whether these are the bytes of a whole record."""
    return len(record) == RECORD_SIZE and record[:4] == b"NDJ1" and number(record[-4:]) == crc32(record[:-4])


def settled(folder):
    """The active slot if the journal in `folder` asks for nothing: to run the confirmed app; else 0.

    Both copies are there and valid, and no run has ended uncleanly or is marked. A copy longer than a record
    says that this is FAT (journalfiles.py), where a boot reads more than sizes. Raises OSError.
    """
    latest = None
    for copy in (0, 1):
        with open("%s/%d/record" % (folder, copy), "rb") as file:
            record = file.read(RECORD_SIZE + 1)
        if not valid(record):
            return 0
        # the sequence number wraps
        if latest is None or (number(record[4:8]) - number(latest[4:8])) & 0x80000000 == 0:
            latest = record
    # state: 1 is journal.STAGING, the last in which the installed app runs as ever; unclean; running; flags:
    # 8 and 16 are journal.UNBLOCKED and ALONE
    return 0 if latest[8] > 1 or latest[13] or latest[14] or latest[15] & 24 else latest[9]


def entry(take):
    """The next entry of a list of files: (name, size in bytes, crc32). take(count): the next bytes of it."""
    name = take(take(1)[0]).decode()
    return name, number(take(4)), number(take(4))


def read(file, folder, check):
    """Return (identity, header, protected TLVs, crc) of the manifest in `file`: each as bytes.

    None if it is damaged or check(path, size, crc) says no to a file. Paths begin with `folder`. Allocates a
    few hundred bytes for each file listed, for the collector.
    """
    sum32 = position = 0

    def take(count):
        nonlocal sum32, position
        data = file.read(count)
        if len(data) != count:
            raise ValueError
        sum32 = crc32(data, sum32)
        position += count
        return data

    try:
        # magic, length of all, identity, header, size of the protected TLVs
        head = take(74)
        size = number(head[72:])
        if head[:4] != b"NDM1" or size > 2048:
            return None
        protected = take(size)
        for _ in range(min(number(take(2)), 512)):
            name, size, crc = entry(take)
            if not check(folder + "/" + name, size, crc):
                return None
        found = sum32
        crc = take(4)
        if number(crc) != found or number(head[4:8]) != position:
            return None
    except (OSError, ValueError):
        return None
    return head[8:40], head[40:72], protected, crc


def mark(folder):
    """The crc of the manifest that the confirmed mark of the slot in `folder` is for; b"" without one."""
    try:
        with open(folder + ".confirmed", "rb") as file:
            return file.read(4)
    except OSError:
        return b""


def confirmed(folder, sizes):
    """Whether the slot in `folder` is valid and its app has proved itself. OSError.

    sizes: as the port has it. A folder is listed once, where its files follow each other in the manifest.
    """
    listed = found = None

    def check(path, size, _):
        nonlocal listed, found
        where, name = path.rsplit("/", 1)
        if where != listed:
            listed, found = where, sizes(where)
        return found.get(name) == size

    with open(folder + ".manifest", "rb") as file:
        manifest = read(file, folder, check)
    return manifest is not None and manifest[3] == mark(folder)


def start(app, folder, brings, dfu):
    """Import the module `app` from the slot's `folder` and run its main(dfu), plain or async.

    brings(path): whether the slot is where a module with this path came from.
    """
    while "" in sys.path:
        sys.path.remove("")  # an old /app.py at the root would shadow the slot for ever
    sys.path.insert(0, folder)
    module = __import__(app)
    if not brings(module.__file__):
        from notedfu.errors import LocalError

        raise LocalError("shadowed", "%s was imported from %s" % (app, module.__file__))
    running = module.main(dfu)
    if hasattr(running, "send"):  # main is async
        dfu.run_async(running)


def reserve(size):
    """The buffer for a page, made before an app has the heap in pieces; None where it does not fit."""
    try:
        return bytearray(size)
    except MemoryError:
        return None


def ended(port, function, *args):
    """Call function(*args); return what it raised, or None. Ctrl-C and SystemExit are no complaint.

    What the port lets pass comes out: the same run goes on, or the next one has been asked for.
    """
    try:
        function(*args)
    except port.passing:
        raise
    except (KeyboardInterrupt, SystemExit) as error:
        return error
    except BaseException as error:  # noqa: BLE001 - whatever an app raises is its end, not the board's
        port.complain(error)
        return error
    return None


def forget(folder):
    """Give back what an app from `folder` holds that has ended: its heap may be what was too small for it."""
    for name in list(sys.modules):
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(folder + "/"):
            del sys.modules[name]
    gc.collect()  # an app may have switched the collector off
