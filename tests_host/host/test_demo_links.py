"""Demos over other generations of the Notecard, and what a demo may ask a Notecard at all."""

import json

import pytest

from tools import paths
from tools.demo import __main__ as demo
from tools.notecard import schema

VERBS = {"dfu.status", "dfu.get", "hub.set", "card.binary", "card.binary.get"}  # all that the library asks
OF_THE_APP = {"note.add"}  # examples/app sends what it measures


def requests():
    """The library's requests in the last demo's transcript."""
    lines = (paths.BUILD / "transcript.jsonl").read_text().splitlines()
    found = [json.loads(line)["req"] for line in lines]
    return [request for request in found if request["req"] not in OF_THE_APP]


def check_requests(found):
    assert found
    for request in found:
        assert request["req"] in VERBS, request
        assert schema.complaint(request["req"], request) is None, request


@pytest.fixture(autouse=True)
def own_build(tmp_path, monkeypatch):
    """Other demos may be running."""
    monkeypatch.setattr(paths, "BUILD", tmp_path)


def test_a_legacy_notecard_is_brought_into_dfu_mode_and_out_of_it():
    assert demo.main(["--scenario", "legacy"]) == 0
    found = requests()
    check_requests(found)
    verbs = [request["req"] + ":" + request.get("mode", "") for request in found]
    entered, left = verbs.index("hub.set:dfu"), verbs.index("hub.set:dfu-completed")
    pages = [at for at, request in enumerate(found) if request.get("offset", 0) > 0]
    assert entered < pages[0] and pages[-1] < left
    assert verbs.count("hub.set:dfu") == verbs.count("hub.set:dfu-completed") == 1
    assert found[entered - 1] == dict(found[entered - 1], req="dfu.get", length=0)


def test_binary_pages_come_through_the_store_which_is_left_clean():
    assert demo.main(["--mode", "binary", "--link", "uart", "--staging", "flash"]) == 0
    found = requests()
    check_requests(found)
    asked = [at for at, request in enumerate(found) if request.get("binary")]
    fetched = [at for at, request in enumerate(found) if request["req"] == "card.binary.get"]
    assert fetched == [at + 1 for at in asked] and len(asked) > 8
    assert [at for at, request in enumerate(found) if request.get("delete")] == [fetched[-1] + 1]


def test_a_request_that_is_not_in_the_schema_would_be_seen():
    for wrong in ({"req": "card.wifi"}, {"req": "dfu.get", "lenght": 1}):
        with pytest.raises(AssertionError):
            check_requests([wrong])
