"""How a reply leaves the Notecard: what comes before it, in which pieces, when, and with which damage."""

from tools.notecard import jsontext

_HEARTBEAT_MS = 1000
_TRACE = b"# modem: registered on network, signal 3/4\r\n"


def encoded(reply):
    """The line of a reply."""
    return jsontext.write(reply).encode() + b"\r\n"


class Delivery:
    """Makes segments, [(delay_ms, bytes)...], of replies."""

    def __init__(self, faults):
        self.faults = faults

    def segments(self, line, frame, beats, delay):
        """The reply as the host gets it: heartbeats, the line, the frame, with the wire's faults.

        line: with its newline. frame: b"" if there is none. beats: a count. delay: ms to the first byte.
        """
        faults = self.faults
        if faults.hit("lost-reply"):
            return []
        if faults.hit("latency"):
            delay += 1 + faults.below("latency", faults.value("latency"))
        segments = []
        for _ in range(beats):
            segments.append((delay, encoded({"err": "{heartbeat}", "status": "still at work"})))
            delay += _HEARTBEAT_MS
        if frame and faults.below("flip", 2):  # the faults may strike either part of a reply with a frame
            frame = faults.damage(frame)
        else:
            line = faults.damage(line)
        segments += self._pieces(delay, self._prefixed(line))
        if frame:
            segments.append((delay, frame))
        return segments

    def _prefixed(self, line):
        faults = self.faults
        if faults.hit("cut"):
            line = line[: 1 + faults.below("cut", max(1, len(line) - 1))]
        if faults.hit("trace"):
            line = _TRACE + line
        if faults.hit("garbage"):
            noise = [faults.below("garbage", 256) for _ in range(faults.value("garbage"))]
            line = bytes(noise) + line
        return line

    def _pieces(self, delay, line):
        """The line in one piece, or in several with pauses, the newline alone in the last."""
        faults = self.faults
        if not faults.hit("odd-packets"):
            return [(delay, line)]
        pieces = []
        body, end = line[:-1], line[-1:]
        for _ in range(faults.value("odd-packets")):
            at = 1 + faults.below("odd-packets", max(1, len(body)))
            if body:
                pieces.append((delay, body[:at]))
            body = body[at:]
            delay += 1 + faults.below("odd-packets", 40)
        if body:
            pieces.append((delay, body))
        return pieces + [(delay + 20, end)]
