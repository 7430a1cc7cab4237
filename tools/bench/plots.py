"""The plots in docs/bench: SVG, the same bytes for the same figures."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "notedfu"
matplotlib.rcParams["axes.spines.top"] = matplotlib.rcParams["axes.spines.right"] = False
from matplotlib import pyplot  # noqa: E402 - after its settings

_OURS, _WIRE, _PEER = "#1f6f8b", "#d9dee2", "#c98b4b"
_LABELS = {"note_peer": "note-python 2.5.1", "hand_peer": "json + a2b_base64"}


def draw(found, folder):
    """All of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for plot in (rates, heap, where, flat):
        figure, axes = pyplot.subplots(figsize=(7.2, 3.6), layout="constrained")
        plot(found, axes)
        figure.savefig(folder / (plot.__name__ + ".svg"), metadata={"Date": None})
        pyplot.close(figure)


def rates(found, axes):
    """Rate against the wire's ceiling."""
    rows = [row for row in found["rates"] if "9600" not in row["name"]]
    names = [row["name"].replace(", ", "\n") for row in rows]
    axes.barh(names, [row["wire"] for row in rows], color=_WIRE, label="the wire alone")
    axes.barh(names, [row["rate"] for row in rows], height=0.45, color=_OURS, label="notedfu")
    for row in found["peers"]:
        if row["baud"] == 9600 and row["link"] == "uart":
            continue
        wanted = "I2C 100 kHz\nbase64 4096" if row["link"] == "i2c" else "UART 115200\nbase64 4096"
        marker = "D" if row["name"] == "note_peer" else "o"
        axes.plot(row["rate"], wanted, marker, color=_PEER, label=_LABELS[row["name"]])
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles))
    axes.legend(
        unique.values(),
        unique.keys(),
        fontsize=7,
        frameon=False,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=4,
    )
    axes.tick_params(labelsize=7)
    axes.set_xlabel("bytes of the image a second, before flash time")


def heap(found, axes):
    """Smallest heap against image size."""
    rows = found["heap"]["sizes"]
    axes.plot(
        [row["kib"] for row in rows],
        [row["ours"] / 1024 for row in rows],
        "o-",
        color=_OURS,
        label="notedfu, whole update",
    )
    for name in ("note_peer", "hand_peer"):
        points = [(row["kib"], row[name] / 1024) for row in rows if row.get(name)]
        axes.plot(
            *zip(*points),
            "o--",
            color=_PEER,
            alpha=1 if name == "note_peer" else 0.5,
            label=_LABELS[name] + ", download alone",
        )
    axes.set_xlabel("image, KiB")
    axes.set_ylabel("smallest heap, KiB (64 bits)")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, frameon=False)


def where(found, axes):
    """Where the time of an update goes."""
    phases = found["whole"]
    names = list(phases)
    left = [0] * len(names)
    for kind, color in (("wire", _OURS), ("pauses", _PEER), ("flash", "#7a5c8e")):
        widths = [phases[name].get(kind, 0) for name in names]
        if kind == "flash":
            widths = [phases[name].get("flash", phases[name]["all"]) for name in names]
        axes.barh(names, widths, left=left, color=color, label=kind)
        left = [a + b for a, b in zip(left, widths)]
    axes.invert_yaxis()
    axes.set_xlabel("seconds of a 256 KiB update, I2C 100 kHz, virtual time without the processor's own")
    axes.legend(fontsize=8, frameon=False)


def flat(found, axes):
    """Cost per KiB against image size."""
    rows = found["flatness"]
    axes.plot([row["kib"] for row in rows], [row["ms_per_kib"] for row in rows], "o-", color=_OURS)
    axes.set_ylim(0, 1.2 * max(row["ms_per_kib"] for row in rows))
    axes.set_xlabel("image, KiB")
    axes.set_ylabel("ms a KiB, download with flash")


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
