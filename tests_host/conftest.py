"""Runs every test file of this folder a second time, on the real MicroPython binary.

tests_host/test_*.py         on CPython and on MicroPython
tests_host/target/test_*.py  on MicroPython alone (filesystems, viper, heap)
tests_host/host/test_*.py    on CPython alone (tools, hypothesis)

A file may set HEAPSIZE = "96K" and TIMEOUT_S = 300 for its run on MicroPython.
"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

_WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if _WORKER is not None:  # files run beside each other write each into a folder of their own
    _OWN = Path(os.environ.get("NOTEDFU_BUILD") or HERE.parent / "build") / "tests" / _WORKER
    _OWN.mkdir(parents=True, exist_ok=True)
    os.environ["NOTEDFU_BUILD"] = str(_OWN)

from tools import paths  # noqa: E402 - it reads the variable

MARK = "\x1e"


@pytest.fixture(autouse=True, scope="module")
def library_as_it_was():
    """A file that has the library loaded anew leaves the next one the modules that it has imported."""
    library = {name: sys.modules[name] for name in sys.modules if name.split(".")[0] == "notedfu"}
    named = {name: dict(vars(library[name])) for name in ("notedfu", "notedfu.port") if name in library}
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "notedfu"]:
        del sys.modules[name]
    sys.modules.update(library)
    for name, names in named.items():
        there = vars(library[name])
        there.clear()  # an attribute that is left hides that its module is gone
        there.update(names)


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".py" and file_path.name.startswith("test_"):
        if file_path.parent in (HERE, HERE / "target"):
            return MicroPythonFile.from_parent(parent, path=file_path)
    return None


def pytest_pycollect_makemodule(module_path, parent):
    if module_path.parent == HERE / "target":
        return Nothing.from_parent(parent, path=module_path)
    return None


class Nothing(pytest.File):
    """A file that CPython does not run."""

    def collect(self):
        return []


class MicroPythonFile(pytest.File):
    """A test file as MicroPython runs it: one process, one item a test function."""

    def collect(self):
        tree = ast.parse(self.path.read_text())
        self.settings = {"HEAPSIZE": "8M", "TIMEOUT_S": 240}
        for node in tree.body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in self.settings:
                self.settings[node.targets[0].id] = ast.literal_eval(node.value)
        self.results = None
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield MicroPythonTest.from_parent(self, name=node.name + "[micropython]")

    def result_of(self, test):
        """What the run says of `test`: None for a pass, else the text of its failure."""
        if self.results is None:
            self.results, self.ended, self.rest = self._run()
        if test not in self.results:
            return "MicroPython never reported this test (%s). The rest of its output:\n%s" % (
                "the run was through" if self.ended else "the run ended early",
                self.rest[-4000:],
            )
        return self.results[test]

    def _run(self):
        command = [paths.MICROPYTHON, "-X", "heapsize=" + self.settings["HEAPSIZE"]]
        command += [str(HERE / "run_on_micropython.py"), str(paths.ROOT), str(self.path)]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self.settings["TIMEOUT_S"],
                cwd=paths.ROOT,
            )
            output, status = done.stdout, done.returncode
        except subprocess.TimeoutExpired as late:
            output, status = late.stdout or b"", "none: stopped after %d s" % self.settings["TIMEOUT_S"]
        results, ended, rest = {}, False, []
        for line in output.decode("utf-8", "replace").split("\n"):
            if not line.startswith(MARK):
                rest.append(line)
                continue
            record = json.loads(line[1:])
            if "test" in record:
                results[record["test"]] = record.get("error")
            ended = ended or "end" in record
        rest.append("exit status %s" % status)
        return results, ended, "\n".join(rest)


class MicroPythonTest(pytest.Item):
    def runtest(self):
        error = self.parent.result_of(self.name.split("[")[0])
        if error is not None:
            raise MicroPythonFailure(error)

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, MicroPythonFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, "%s::%s" % (self.path.name, self.name)


class MicroPythonFailure(Exception):
    """A test failed on MicroPython; carries what that interpreter said."""
