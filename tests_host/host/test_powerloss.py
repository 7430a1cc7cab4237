"""The reduced form of `make powerloss`: a few cuts of every kind, in every phase, on every geometry.

And the proof that it can fail: deliberate defects, each of which must be caught.
"""

import ast
import json

import pytest

from tools import paths
from tools.powerloss import plan, pool
from tools.powerloss.result import Result, may_lose

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


def test_at_most_a_page_is_fetched_twice(ran):
    """Pages have 512 bytes; on raw flash the erase block under way, of 4096, is fetched again. A case in
    which it is more has failed: lives.Life.may_fetch_again()."""
    again = ran[0].again
    assert 0 < again["download into file"] <= 512, again
    assert 0 < again["download into flash"] <= 4096, again


@pytest.mark.parametrize(
    ("life", "geometry", "most"),
    [("update", "lfs-256", 512), ("update-flash", "lfs-256", 4096), ("update-flash", "lfs-tiny", 512)],
)
def test_at_most_a_page_is_fetched_twice_at_every_cut_of_a_download(life, geometry, most):
    [(_, found)] = pool.answers([{"do": "survey", "group": [life, geometry, 0]}], 1)
    phase = "download into file" if life == "update" else "download into flash"
    cases = [place + [how] for place in found["cuts"][phase] for how in ("before", "torn")]
    job = {"do": "singles", "group": [life, geometry, 0], "seed": 3, "cases": cases}
    [(_, answer)] = pool.answers([job], 1)
    assert answer["cases"] == len(cases) and answer["failed"] == []
    assert 0 < answer["again"][phase] <= most


def test_the_cut_points_of_the_specification_are_those_of_the_proof():
    text = (paths.ROOT / "docs/SPEC.md").read_text()
    table = text.split("| a cut in | leaves |")[1].split("\n\n")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert rows == [name for name, _ in plan.CUT_POINTS]
    cut = {phase for _, phases in plan.CUT_POINTS for phase in phases}
    assert cut == set(plan.PHASES) | {"bus", plan.OTA, plan.ROM}
    assert (paths.ROOT / plan.OTA).exists() and (paths.ROOT / plan.ROM).exists()


def test_fat_may_lose_what_the_specification_grants_and_nothing_else():
    assert may_lose("fat-256", "swap", "bricked") and may_lose("fat-512", "trial", "journal")
    assert may_lose("fat-256", "trial" + plan.AGAIN + "swap", "user")
    assert may_lose("fat-256", "room" + plan.AGAIN + "trial", "stuck")
    steps = [phase for phase in plan.PHASES if phase not in ("set-up", "swap")]
    for step in steps + ["bus", "journal" + plan.AGAIN + "confirm"]:
        assert not may_lose("fat-256", step, "bricked"), step
    for kind in ("mixed", "survived", "silent", "early", "defect", "flash", "fetched"):
        assert not may_lose("fat-256", "swap", kind), kind
    assert not may_lose("lfs-256", "swap", "bricked")


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


def test_a_proof_with_too_few_cases_or_pairs_is_none():
    result = Result(seed=1, least=(2, 1))
    result.cases = 1
    assert "1 cases, 2 are the least" in list(result.short())
    assert len(list(result.short())) == 1 + len(plan.PHASES)
    result.cases, result.pairs = 2, {phase: 1 for phase in plan.PHASES}
    assert list(result.short()) == []
    assert list(Result(seed=1).short()) == []


def test_all_pairs_of_journal_and_swap_are_in_the_plan_of_the_tiny_geometry():
    places = {"journal": [[0, 1]], "swap": [[1, 1], [1, 2]], "trial": [[2, 1]]}
    found = [({"group": ["update", plan.TINY, 0]}, {"cuts": places, "bus": []})]
    pairs = [job for job in plan.full(found, 1, 2000) if job["do"] == "pairs"]
    every = [case for job in pairs for case in job["cases"] if case[3] == 0]
    assert sorted(case[:3] for case in every if case[0] < 2) == sorted(
        place + [how] for place in ([0, 1], [1, 1], [1, 2]) for how in plan.HOWS
    )
    assert len([case for case in every if case[0] == 2]) == 1, "all second cuts behind one way of the first"
