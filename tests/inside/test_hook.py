"""Tests of pylayer/inside/hook.py, run as the program that it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HOOK = Path(__file__).parents[2] / "pylayer" / "inside" / "hook.py"

WHEEL = """
def build_wheel(folder, config_settings=None, metadata_directory=None):
    open(folder + "/example-1-py3-none-any.whl", "w").write(repr(config_settings))
    return "example-1-py3-none-any.whl"
"""


class Run:
    """One run of the hook in `folder`, with a project of `files`."""

    def __init__(self, folder: Path, files: dict[str, str], **request) -> None:
        self.out = folder / "out"
        self.out.mkdir()
        for name, text in files.items():
            path = folder / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (folder / "inside").mkdir(exist_ok=True)
        (folder / "inside" / "hook.py").write_bytes(HOOK.read_bytes())
        request = {"backend": "backend", "backend_path": ["."], **request}
        (folder / "request.json").write_text(json.dumps(request))
        done = subprocess.run(
            [sys.executable, "inside/hook.py"], check=False, cwd=folder, capture_output=True, text=True
        )
        self.status, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr
        answer = folder / "answer.json"
        self.answer: Any = json.loads(answer.read_text()) if answer.exists() else None


def requires(*requirements: str) -> str:
    """Give a backend that asks for `requirements`."""
    return f"{WHEEL}\ndef get_requires_for_build_wheel(config_settings=None): return {list(requirements)!r}\n"


def test_builds_a_wheel(tmp_path: Path) -> None:
    """The wheel is in `out` and named in the answer."""
    run = Run(tmp_path, {"backend.py": WHEEL})
    assert {"requires": [], "wheel": "example-1-py3-none-any.whl"} == run.answer
    assert [tmp_path / "out" / "example-1-py3-none-any.whl"] == list(run.out.iterdir())


def test_config_settings_reach_the_backend(tmp_path: Path) -> None:
    """Config settings are handed on; where there are none, the backend gets None."""
    run = Run(tmp_path, {"backend.py": WHEEL}, config_settings={"--global": ["a", "b"]})
    assert "{'--global': ['a', 'b']}" == (run.out / "example-1-py3-none-any.whl").read_text()


def test_backend_may_be_an_object_in_a_module(tmp_path: Path) -> None:
    """`module:object.path` names the object that has the hooks, as setuptools' legacy backend does."""
    nest = "class Outer:\n  class inner: pass\nOuter.inner.build_wheel = build_wheel\ndel build_wheel"
    code = f"{WHEEL}\n{nest}\n"
    run = Run(tmp_path, {"backend.py": code}, backend="backend:Outer.inner")
    assert "example-1-py3-none-any.whl" == run.answer["wheel"], run.stderr


def test_project_in_a_subfolder(tmp_path: Path) -> None:
    """The working folder of the hooks is the project's root, wherever that is in the tree."""
    backend = WHEEL + "\nimport os\nassert os.path.exists('marker')\n"
    run = Run(tmp_path, {"packages/a/backend.py": backend, "packages/a/marker": ""}, subdir="packages/a")
    assert run.status == 0, run.stderr


def test_missing_requirements_are_the_answer(tmp_path: Path) -> None:
    """What the backend asks for and the environment lacks is answered instead of a wheel."""
    run = Run(tmp_path, {"backend.py": requires("no-such-distribution>=2")})
    assert {"requires": ["no-such-distribution>=2"]} == run.answer
    assert [] == list(run.out.iterdir())


def test_installed_requirements_do_not_stop_the_build(tmp_path: Path) -> None:
    """Requirements that were installed after an earlier answer are not asked for again."""
    run = Run(tmp_path, {"backend.py": requires("no-such>=2")}, installed=["no-such>=2"])
    assert {"requires": ["no-such>=2"], "wheel": "example-1-py3-none-any.whl"} == run.answer


def test_satisfied_requirements_do_not_stop_the_build(tmp_path: Path) -> None:
    """What the environment has, or what the markers exclude, is not missing."""
    listed = ["packaging>=20", "Packaging", "no-such; python_version < '3'"]
    run = Run(tmp_path, {"backend.py": requires(*listed)})
    assert "wheel" in run.answer


def test_wrong_version_is_missing(tmp_path: Path) -> None:
    """A distribution that is there in another version is asked for."""
    assert "wheel" not in Run(tmp_path, {"backend.py": requires("packaging<1")}).answer


def test_hooks_do_not_see_each_other(tmp_path: Path) -> None:
    """What one hook changes in its process is gone for the next, as PEP 517 asks."""
    backend = """
import sys
def get_requires_for_build_wheel(config_settings=None):
    sys.changed = True
    return []
"""
    checked = WHEEL.replace("    open(", "    assert not hasattr(sys, 'changed')\n    open(")
    run = Run(tmp_path, {"backend.py": backend + checked})
    assert run.status == 0, run.stderr


def test_project_is_not_importable_by_itself(tmp_path: Path) -> None:
    """Neither the project's root nor the script's folder is on sys.path, as PEP 517 says."""
    show = "\nimport sys\nprint([path for path in sys.path if path.startswith(ROOT)])\n"
    backend = f"ROOT = {str(tmp_path)!r}{show}{WHEEL}"
    run = Run(tmp_path, {"tools/backend.py": backend}, backend_path=["tools"])
    assert f"{[str(tmp_path / 'src' / 'tools')]}\n" == run.stdout.replace("src/./", "src/")


def test_output_of_the_backend_is_no_answer(tmp_path: Path) -> None:
    """A backend may print what it likes."""
    run = Run(tmp_path, {"backend.py": "print('{}')\n" + WHEEL})
    assert ("{}\n", "example-1-py3-none-any.whl") == (run.stdout, run.answer["wheel"])


def test_failure_keeps_its_traceback(tmp_path: Path) -> None:
    """A backend that raises gives status 1, no answer, and its traceback."""
    run = Run(tmp_path, {"backend.py": "def build_wheel(*_):\n    raise ValueError('no compiler')\n"})
    assert (1, None) == (run.status, run.answer)
    assert "ValueError: no compiler" in run.stderr


def test_failure_of_the_requirements_hook(tmp_path: Path) -> None:
    """The first hook's failure is the run's as well, with its traceback, once."""
    backend = WHEEL + "\ndef get_requires_for_build_wheel(_=None):\n    raise ValueError('no setup')\n"
    run = Run(tmp_path, {"backend.py": backend})
    assert (1, 1) == (run.status, run.stderr.count("ValueError: no setup"))


@pytest.mark.parametrize("returned", ["'setuptools'", "b'setuptools'", "[1]", "3"])
def test_what_is_no_list_of_requirements_is_refused(tmp_path: Path, returned: str) -> None:
    """PEP 517 asks for a list of strings: of a string alone, an index would be asked for each letter."""
    code = f"{WHEEL}\ndef get_requires_for_build_wheel(config_settings=None): return {returned}\n"
    run = Run(tmp_path, {"backend.py": code})
    assert (1, None) == (run.status, run.answer)
    assert "list of strings" in run.stderr or "not iterable" in run.stderr


@pytest.mark.parametrize("returned", ["None", "()", "iter(['pip'])"])
def test_what_holds_requirements_is_taken(tmp_path: Path, returned: str) -> None:
    """Some backends return other things than lists."""
    code = f"{WHEEL}\ndef get_requires_for_build_wheel(config_settings=None): return {returned}\n"
    run = Run(tmp_path, {"backend.py": code}, installed=["pip"])
    assert ["pip"] * ("pip" in returned) == run.answer["requires"]


def test_backend_path_outside_the_project(tmp_path: Path) -> None:
    """A backend-path that leaves the project is refused."""
    run = Run(tmp_path, {"a/pyproject.toml": "", "backend.py": WHEEL}, subdir="a", backend_path=[".."])
    assert "backend-path '..' is outside the project" in run.stderr


def test_in_tree_backend_must_be_the_projects_own(tmp_path: Path) -> None:
    """With backend-path, an installed module of the backend's name is not taken for it."""
    run = Run(tmp_path, {"empty": ""}, backend="json")
    assert "the build backend json is not in backend-path" in run.stderr


def test_backend_without_hooks(tmp_path: Path) -> None:
    """A module that is no backend is said to be none."""
    run = Run(tmp_path, {"backend.py": ""})
    assert "the build backend backend has no build_wheel" in run.stderr


def test_wheel_that_is_not_there(tmp_path: Path) -> None:
    """A file name that the backend made up is an error."""
    run = Run(tmp_path, {"backend.py": "def build_wheel(*_): return 'a-1-py3-none-any.whl'"})
    assert "says that it made 'a-1-py3-none-any.whl', but it did not" in run.stderr


ASKS_GIT = (
    "import subprocess\n"
    'print(subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout)\n' + WHEEL
)
KNOWN = {"top": "", "tracked": [["known.py", 0o100644, False]], "committed": None, "ignored": []}


def test_git_is_answered_for_where_there_is_none(tmp_path: Path, monkeypatch) -> None:
    """From what the request knows."""
    monkeypatch.setenv("PATH", "/nowhere")
    (tmp_path / "inside").mkdir()
    script = HOOK.with_name("git.py").read_bytes()
    run = Run(tmp_path, {"backend.py": ASKS_GIT, "../inside/git.py": script.decode()}, git=KNOWN)
    assert 0 == run.status, run.stderr
    assert "known.py" in run.stdout


def test_a_version_from_git_needs_git(tmp_path: Path, monkeypatch) -> None:
    """Some tools would make one up, and say nothing."""
    monkeypatch.setenv("PATH", "/nowhere")
    run = Run(tmp_path, {"backend.py": ASKS_GIT}, history=True)
    assert 0 != run.status
    assert "there is no git: use an image that has it" in run.stderr


def test_a_checkout_around_the_job_is_nobodys(tmp_path: Path) -> None:
    """The folder for temporary files may be in one."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "job").mkdir()
    run = Run(tmp_path / "job", {"backend.py": ASKS_GIT})
    assert 0 != run.status
