"""The measured table as Markdown, between two marks in docs/BENCH.md and README.md."""

import json
import sys
from pathlib import Path

BEGIN = "<!-- make bench: begin -->\n"
END = "<!-- make bench: end -->\n"


def goals(found):
    """All goals."""
    lines = ["| what | figure | goal | |", "|---|---|---|---|"]
    for goal in found["goals"]:
        figure = "-" if goal["figure"] is None else _number(goal["figure"])
        mark = "met" if goal["met"] else "**missed**"
        lines.append(
            "| %s, %s | %s | %s | %s |" % (goal["what"], goal["unit"], figure, _number(goal["goal"]), mark)
        )
    return lines


def rates(found):
    """Rates, the wire's and the peers'."""
    lines = ["| bytes a second | the wire alone | notedfu | with flash |", "|---|---|---|---|"]
    for row in found["rates"]:
        numbers = [_number(row[name]) for name in ("wire", "rate", "with_flash")]
        lines.append("| %s | %s |" % (row["name"], " | ".join(numbers)))
    names = {"note_peer": "note-python 2.5.1", "hand_peer": "json + a2b_base64"}
    for row in found["peers"]:
        bus = "I2C 100 kHz" if row["link"] == "i2c" else "UART %d" % row["baud"]
        lines.append("| %s, %s, base64 4096 | | %s | |" % (names[row["name"]], bus, _number(row["rate"])))
    return lines


def heaps(found):
    """Smallest heaps."""
    names = ("app", "checked", "download", "verify", "swapped", "idle")
    words = ("the app runs", "first check", "first page", "all verified", "swapped", "idle, reported")
    lines = ["| KiB, 64 bits | " + " | ".join(words) + " |", "|---" * 7 + "|"]
    for page, row in found["heap"]["pages"].items():
        lines.append("| pages of %s | %s |" % (page, " | ".join(_number(row[name] / 1024) for name in names)))
    return lines


def _number(value):
    if value >= 1000:
        return "{:,}".format(round(value))
    return "%.3g" % value


def put(path, lines):
    """Replace what is between the marks in the file."""
    text = path.read_text()
    head, rest = text.split(BEGIN)
    path.write_text(head + BEGIN + "\n".join(lines) + "\n" + END + rest.split(END)[1])


def main(found, root):
    short = [line for line in rates(found) if "9600" not in line]
    put(root / "README.md", short + [""] + goals(found))
    put(root / "docs" / "BENCH.md", goals(found) + [""] + rates(found) + [""] + heaps(found))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
