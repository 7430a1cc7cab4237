"""A process of the proof: `micropython worker.py ROOT`, jobs as lines of JSON, answers behind a mark."""

import gc
import json
import sys

MARK = "\x1e"
_KEPT = 2  # surveys at a time; each holds a few copies of its flash
_SHOWN = 40  # failures told in full for one job


def main(root):
    for folder in ("/tests_host", ""):
        sys.path.insert(0, root + folder)
    import tools  # noqa: F401 - which puts the sources of the library in front
    from tools.powerloss.device import modules

    modules.install()
    worker = Worker()
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        job = json.loads(line)
        try:
            answer = worker.run(job)
        except Exception as error:  # noqa: BLE001 - whatever it is, the runner is told which job it was
            sys.print_exception(error)
            answer = {"error": "%s: %s" % (type(error).__name__, error)}
        print(MARK + json.dumps(answer))


class Worker:
    """Runs jobs; a job names its group: [life, geometry, age]."""

    def __init__(self):
        self._surveys = []  # (group, Survey), the last used at the end

    def run(self, job):
        survey = self._survey(tuple(job["group"]), job.get("defect"))
        if job["do"] == "survey":
            return {"cuts": survey.cuts(), "bus": survey.bus_cuts()}
        from tools.powerloss.device.tally import Tally

        tally = Tally(survey, job["seed"], _SHOWN)
        if job["do"] == "sample":
            tally.sample(job["phases"], job["each"], job["pairs"], job["worn"])
        elif job["do"] == "hunt":
            tally.hunt(job["phase"], job["way"], job["limit"])
        for case in job.get("cases", ()):
            if job["do"] == "singles":
                tally.single(case)
            elif job["do"] == "relentless":
                tally.relentless(case)
            elif job["do"] == "pair":
                tally.pair(case[:3], case[3], case[4])
            else:
                tally.pairs(case[:3], case[3])
        return tally.told()

    def _survey(self, group, defect):
        key = (group, defect)
        for at, (have, survey) in enumerate(self._surveys):
            if have == key:
                self._surveys.append(self._surveys.pop(at))
                return survey
        from tools.powerloss.device import lives, proof

        while len(self._surveys) >= _KEPT:
            self._surveys.pop(0)
        gc.collect()
        survey = proof.Survey(lives.life(*group))
        if defect:
            from tools.powerloss.device import defects

            survey.life.world.observe = defects.named(defect)
        self._surveys.append((key, survey))
        return survey


main(sys.argv[1])
