"""What README says of the settings is what the code has."""

import json
import re

from notedfu.rules import TABLE
from tools import paths

README = (paths.ROOT / "README.md").read_text()


def rows():
    """{key: default} of README's table; a row may name two keys."""
    found = {}
    for keys, default in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| `([^|]*)` \|", README, re.M):
        for key in re.findall(r"\w+", keys):
            found[key] = json.loads(default)
    return found


def test_readme_has_every_key_with_its_default():
    told = rows()
    for name, default, _ in TABLE:
        assert name in told, "README does not explain %s" % name
        expected = list(default) if isinstance(default, tuple) else default
        assert told[name] == expected, name


def test_readme_has_no_key_that_the_code_lacks():
    assert set(rows()) == {name for name, _, _ in TABLE}


def test_readmes_settings_are_valid(tmp_path):
    from notedfu.settings import Settings

    (example,) = re.findall(r"^```json\n(.*?)^```$", README, re.M | re.S)
    example = example.replace("p256:...", "p256:" + "0a" * 64).replace('"class_id": "..."', '"class_id": ""')
    path = tmp_path / "notedfu.json"
    path.write_text(example)
    assert Settings().load(str(path)).error is None


def test_every_page_that_readme_links_is_there():
    for link in re.findall(r"\]\(([^)]+)\)", README):
        if not link.startswith("http"):
            assert (paths.ROOT / link).exists(), link


def test_every_make_target_in_readme_is_in_the_makefile():
    makefile = (paths.ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:^|`|\$ )make ([a-z-]+)", README, re.M):
        assert re.search(r"^%s:" % target, makefile, re.M), target
