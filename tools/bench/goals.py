"""The goals, and what was measured against them."""


class Goal:
    """One line of the table: `figure` is better above `goal` where rises is true, else below."""

    def __init__(self, what, figure, goal, unit, rises=False):
        self.what = what
        self.figure = figure
        self.goal = goal
        self.unit = unit
        self.met = figure is not None and (figure >= goal if rises else figure <= goal)

    def as_dict(self):
        """For bench.json."""
        return {
            "what": self.what,
            "figure": self.figure,
            "goal": self.goal,
            "unit": self.unit,
            "met": self.met,
        }


def of(found):
    """All goals of a measurement."""
    goals = []
    for row in found["rates"]:
        if row["goal"] is not None:
            goals.append(Goal(row["name"], row["rate"], row["goal"], "B/s", rises=True))
    for name, limit in (("with viper", 160000), ("without viper", 330000)):
        if name in found["work"]:
            figure = found["work"][name]["interpreter"]
            goals.append(Goal("download, %s" % name, figure, limit, "instructions/KiB"))
    if "boot" in found["work"]:
        goals.append(Goal("boot with nothing to do", found["work"]["boot"], 1e6, "instructions"))
    goals.append(Goal("journal files read by a boot", found["boot"]["journal_reads"], 2, "reads"))
    for page, limit in (("4096", 20), ("1024", 14)):
        figure = found["heap"]["pages"][page]["working_set"] / 1024
        goals.append(Goal("heap beside the code, pages of %s" % page, figure, limit, "KiB, 64 bits"))
    goals.append(Goal("whole update, code in ROM", found["heap"]["whole"] / 1024, 32, "KiB, 64 bits"))
    goals.append(Goal("bytecode, a page", found["allocations"]["bytecode"], 2, "allocations"))
    goals.append(Goal("viper, a page", found["allocations"]["viper"], 0, "allocations"))
    goals.append(Goal("boot path", found["size"]["boot"], 6000, "bytes of .mpy"))
    goals.append(Goal("download path", found["size"]["download path"], 16000, "bytes of .mpy"))
    costs = [row["ms_per_kib"] for row in found["flatness"]]
    goals.append(Goal("cost per KiB, most against least", max(costs) / min(costs), 1.03, "times"))
    return goals
