"""The demo's images and what it says of a verdict, without a board: `make demo-all` runs them on one."""

import json

import pytest

from tools.demo import judgement, signing
from tools.demo.scenarios import SIGNING, Scenario, Tampered
from tools.image import container, device


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(signing, "FOLDER", tmp_path)


@pytest.fixture
def workshop():
    return signing.Workshop("p256")


def answer(workshop, scenario, counter):
    """What the library says of the scenario's second image on a device that trusts the workshop's own key."""
    settings = signing.FOLDER / "notedfu.json"
    settings.write_text(json.dumps(workshop.settings()))
    image = workshop.image("2.0.0", scenario.change, scenario.signer, scenario.new_options)
    scenario.spoil(image)
    return device.answer(image, settings, (1, 0, 0, 0), counter)


@pytest.mark.parametrize("kind", SIGNING, ids=lambda kind: kind.name)
def test_each_image_is_refused_for_the_reason_that_its_scenario_names(workshop, kind):
    scenario = kind()
    counter = int(dict(scenario.old_options).get("--counter", 1))
    assert "refuse it, with %s:" % scenario.code in answer(workshop, scenario, counter)


@pytest.mark.parametrize("kind", signing.KINDS)
def test_the_good_image_is_installed_as_a_signed_one(kind):
    assert answer(signing.Workshop(kind), Scenario(), 1) == "install it, signed by a key that it trusts"


def test_a_tampered_image_is_refused_with_an_ed25519_key_too():
    assert "refuse it, with bad-signature:" in answer(signing.Workshop("ed25519"), Tampered(), 1)


def test_a_tampered_image_has_all_its_sums_right(workshop):
    image = workshop.image("2.0.0", lambda folder: None)
    before = image.read_bytes()
    signing.change_payload(image)
    assert device_finds(image) == "bad-digest"
    signing.claim_digest(image)
    assert device_finds(image) is None
    after = image.read_bytes()
    assert len(after) == len(before)
    signature = container.read(image).plain[-1][1]
    assert after.endswith(signature) and before.endswith(signature)


def device_finds(image):
    """The code with which the container itself is refused, None for a sound one."""
    try:
        device.read(image)
    except device.DfuError as error:
        return error.code
    return None


def test_each_run_has_keys_of_its_own():
    first = signing.Workshop("p256").settings()
    second = signing.Workshop("p256").settings()
    assert first["keys"] != second["keys"]
    assert first["class_id"] == second["class_id"]


def get(t_ms, offset, length):
    return {"t_ms": t_ms, "req": {"req": "dfu.get", "offset": offset, "length": length}, "rsp": {}}


def status(t_ms):
    return {"t_ms": t_ms, "req": {"req": "dfu.status"}, "rsp": {}}


def test_a_judgement_lasts_from_preflights_last_reply_to_the_next_request():
    probe = {"t_ms": 5, "req": {"req": "dfu.get", "length": 0}, "rsp": {}}
    accepted = [status(0), probe, get(10, 0, 32), get(40, 9000, 300), get(140, 0, 4096), get(200, 4096, 4096)]
    assert judgement.of(accepted) == {"gets": 2, "image_bytes": 332, "ms": 100}
    refused = [status(0), get(10, 0, 32), get(40, 9000, 256), get(60, 9256, 44), status(90)]
    assert judgement.of(refused) == {"gets": 3, "image_bytes": 332, "ms": 30}


def test_without_a_preflight_there_is_no_judgement():
    assert judgement.of([]) is None
    assert judgement.of([status(0), get(10, 0, 4096)]) is None
    assert judgement.of([status(0), get(10, 0, 32), get(40, 9000, 256)]) is None
    assert judgement.of([{"t_ms": 1, "raw": "noise", "rsp": None}]) is None
