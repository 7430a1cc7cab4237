"""The reduced form of `make powerloss`: a few cuts of every kind, in every phase, on every geometry.

And the proof that it can fail: deliberate defects, each of which must be caught.
"""

import ast
import json

import pytest

from tools import paths
from tools.powerloss import plan, pool
from tools.powerloss.result import Result

_PROCESSES = 2


def defects():
    """The rows of DEFECTS, which lie in a file for MicroPython: [name, life, geometry, phase, way]."""
    tree = ast.parse((paths.ROOT / "tools/powerloss/device/defects.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "DEFECTS":
            return [[part.value for part in row.elts[:5]] for row in node.value.elts]
    raise AssertionError("no DEFECTS")


@pytest.fixture(scope="module")
def ran():
    """(Result of the reduced proof, {defect: answer}), all jobs beside each other."""
    result, hunted = Result(seed=1), {}
    jobs = plan.samples(seed=1) + [plan.hunt(*row) for row in defects()]
    for job, answer in pool.answers(jobs, _PROCESSES):
        if job["do"] == "hunt":
            hunted[job["defect"]] = answer
        else:
            result.add(job, answer)
    return result, hunted


def test_all_promises_hold(ran):
    result = ran[0]
    assert result.errors == []
    assert result.failures == [], json.dumps(result.failures[:3], indent=1)
    assert result.broken == {}


def test_no_cell_of_the_matrix_is_empty(ran):
    assert ran[0].empty() == []


def test_at_most_a_page_and_the_one_prepared_behind_it_are_served_twice(ran):
    """Pages have 512 bytes; on raw flash the last erase block, of 4096, is fetched again."""
    again = ran[0].again
    assert 0 < again["download into file"] <= 2 * 512, again
    assert 0 < again["download into flash"] <= 4096 + 512, again


def test_second_cuts_were_made_in_every_phase(ran):
    assert set(ran[0].pairs) >= set(plan.PHASES)


@pytest.mark.parametrize("name", [row[0] for row in defects()])
def test_a_deliberate_defect_is_caught(name, ran):
    answer = ran[1][name]
    assert "error" not in answer, answer
    assert answer["failed"], "%d cases, and nobody noticed" % answer["cases"]


def test_a_case_is_named_so_that_its_name_alone_runs_it():
    job = {"group": ["update", "lfs-16", 3], "seed": 7}
    for case, do in (("1.20.torn", "singles"), ("0.7.bus", "singles"), ("2.3.weak+11.after", "pair")):
        again = plan.one(plan.name(job, case))
        assert (again["do"], again["group"], again["seed"]) == (do, job["group"], 7)
    assert plan.one(plan.name(job, "1.9.before*"))["do"] == "relentless"
    assert plan.one("update/lfs-16/0/1/2.3.weak+11.after")["cases"] == [[2, 3, "weak", 11, "after"]]


def test_an_empty_cell_and_a_broken_promise_are_seen():
    result = Result(seed=1)
    assert len(result.empty()) == len(plan.PHASES) * len(plan.GEOMETRIES) * len(plan.HOWS)
    job = {"group": ["update", "lfs-256", 0], "seed": 1}
    failed = {"case": "0.1.torn", "phase": "swap", "kind": "bricked", "text": "", "said": []}
    cells = {"swap|torn": 1}
    result.add(
        job, {"cases": 1, "cells": cells, "pairs": {}, "kinds": {"swap|bricked": 1}, "failed": [failed]}
    )
    assert not result.sound()
    assert result.record(1.0)["bricked"] == 1
    assert result.failures[0][0] == "update/lfs-256/0/1/0.1.torn"
