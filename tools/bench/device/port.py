"""The port of docs/PORTING.md on the bench."""

import hashlib
import os

import world


class Port:
    """root: where the filesystem is mounted. A reset ends the process."""

    acts_in_boot = False
    passing = ()

    def __init__(self, root, time, wire, region):
        self.root = root
        self.time = time
        self._wire = wire
        self._region = region
        self.link = None

    def clock(self):
        return self.time.clock()

    def ms(self):
        return self.clock().ms()

    def bus(self, settings):
        return world.Bus(self._wire, self.time, settings.i2c_hz)

    def serial(self, settings):
        return world.Serial(self._wire, self.time, settings.uart_baud)

    def wake_lines(self, settings):
        return None

    def keep(self, record):
        return False

    def kept(self):
        return b""

    def hand_over(self, settings):
        pass

    def region(self, settings):
        return self._region

    def sha256(self, data=b""):
        return hashlib.sha256(data)

    def md5(self):
        return hashlib.md5()

    def random16(self):
        return self.time.us // 1000 + 1 & 0xFFFF  # not one of the eighth of all runs that are marked in flash

    def exists(self, path):
        try:
            os.stat(self.root + path)
        except OSError:
            return False
        return True

    def sizes(self, folder):
        return {entry[0]: entry[3] for entry in os.ilistdir(folder) if entry[1] == 0x8000}  # S_IFREG

    def pin_is_low(self, number):
        return False

    def guard(self, patience_ms):
        return self

    def alive(self):
        pass

    def release(self):
        pass

    def reset(self):
        self._wire.end("reset")

    def reset_after(self, delay_ms):
        self.time.sleep_ms(delay_ms)
        self._wire.end("reset")

    def say(self, text):
        self._wire.tell("say " + text)

    def complain(self, error):
        self._wire.tell("fault %s %s" % (type(error).__name__, error))
