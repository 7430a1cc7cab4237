"""Pages whose commands are run: each fenced `sh` block, in order, as one script.

A page that has been listed keeps commands that can't be run here (a real board's) in `console` blocks.
"""

import os
import re
import subprocess

import pytest

from tools import paths

PAGES = ("docs/IMAGES.md", "docs/SECURITY.md")

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TIMEOUT_S = 120


def commands(page):
    """The page's script; a heading line in it says where each block stands."""
    text = (paths.ROOT / page).read_text(encoding="utf-8")
    script = ""
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 2
        script += "echo '%s:%d' >&2\n%s" % (page, line, block.group(1))
    return script


def working_tree(folder):
    """A directory that looks like the repository, so that what a page writes lands elsewhere."""
    for entry in paths.ROOT.iterdir():
        if entry.name not in ("build", ".git"):
            (folder / entry.name).symlink_to(entry)
    venv = folder / "build" / "venv"
    venv.mkdir(parents=True)
    for entry in paths.BIN.parent.iterdir():
        if entry.name != ".ready":
            (venv / entry.name).symlink_to(entry)
    (venv / ".ready").touch()  # newer than the requirements: nothing is installed by a test
    return folder


def environment(home):
    ours = ("MAKE", "MFLAGS", "ARGS")  # of the make that runs this suite
    kept = {name: os.environ[name] for name in os.environ if not name.startswith(ours)}
    kept.update(HOME=str(home), PATH="%s:%s" % (paths.BIN, os.environ["PATH"]))
    return kept


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_the_page_work(page, tmp_path):
    script = commands(page)
    assert script, "%s has no sh block" % page
    home, tree = tmp_path / "home", tmp_path / "notedfu"
    home.mkdir()
    tree.mkdir()
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=working_tree(tree),
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout


def test_a_command_that_fails_is_noticed(tmp_path, monkeypatch):
    (tmp_path / "page.md").write_text(
        "```sh\necho fine\n```\ntext\n```sh\nfalse\n```\n```console\nexit 0\n```\n"
    )
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    script = commands("page.md")
    assert "console" not in script and "exit" not in script
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True)
    assert done.returncode == 1 and "page.md:6" in done.stderr
