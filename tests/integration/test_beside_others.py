"""pylayer from its wheel beside sessions and tasks of others, by each way to have nox and invoke."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from factories import foreign
from factories.monorepo import IMAGES
from uv import find_uv_bin

from pylayer.commands import table
from pylayer.engines.local import pythons
from pylayer.errors import NeedsDockerError
from pylayer.store import Store, uv_cache

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.command, pytest.mark.timeout(600)]

OWN = f"3.{sys.version_info.minor}"
OTHERS = sorted({"3.11", "3.12", "3.13", "3.14"} - {OWN})
# Defaults and options of their own, sessions that are called as ours are, tags, parameters.
NOXFILE = """\
import nox
{imported}
nox.needs_version = ">=2024.3"
nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "none"
nox.options.stop_on_first_error = True


@nox.session(tags=["check", "arm64"])
def tests(session):
    print("their tests", *session.posargs)


@nox.session(default=False)
@nox.parametrize("color", ["red", "blue"])
def clean(session, color):
    print("their clean", color)

{registered}
"""
TASKS = """\
from invoke import Collection, task
{imported}

@task
def clean(context):
    print("their clean")


@task(default=True)
def lock(context):
    print("their lock")

{registered}
"""


class Shell:
    """A repository of one package, programs of its own in front, and what they keep."""

    def __init__(self, folder: Path, *, python: str = OWN) -> None:
        self.folder = folder
        self.python = python
        self.programs = folder / "venv" / "bin"
        self.root = foreign.lay(
            folder / "mono",
            {
                "libs/one/pyproject.toml": foreign.hatchling("one"),
                "libs/one/one.py": "",
                "layers.toml": f'packages = ["libs/*"]\\nengine = "local"\\n[defaults]\\n'
                f'runtimes = ["python{python}"]\\n'.replace("\\n", "\n"),
            },
        )
        own = {
            "PYLAYER_CACHE_DIR": str(folder / "store"),
            "PYLAYER_RUNTIMES": str(IMAGES),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            "UV_TOOL_DIR": str(folder / "tools"),
            "UV_TOOL_BIN_DIR": str(self.programs),
            "PIPX_HOME": str(folder / "pipx"),
            "PIPX_BIN_DIR": str(self.programs),
            "PATH": f"{self.programs}:{os.environ['PATH']}",
        }
        left_out = ("CI", "VIRTUAL_ENV", "PYTHONPATH", "PYLAYER_REQUIRE_DOCKER")
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        self.env = kept | uv_cache(os.environ) | own

    def run(self, *words: str | Path, status: int = 0) -> str:
        """Run a program; what it printed."""
        done = subprocess.run(
            [str(word) for word in words],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert status == done.returncode, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def install(self, wheel: Path, *, python: Path | str = sys.executable) -> None:
        """An environment of the project, with the wheel, and nox and invoke by it."""
        uv = find_uv_bin()
        self.run(uv, "venv", "--quiet", "--no-python-downloads", "--python", python, self.programs.parent)
        self.run(uv, "pip", "install", "--quiet", "--python", self.programs / "python", wheel)

    def noxfile(self, imported: str, registered: str, *, header: str = "") -> None:
        """Write it."""
        text = NOXFILE.format(imported=imported, registered=registered)
        (self.root / "noxfile.py").write_text(f"{header}{text}", encoding="utf-8")

    def built(self) -> set[str]:
        """The archives, which are gone then."""
        found = {*(self.root / "dist" / "layers").glob("*.zip")}
        for path in found:
            path.unlink()
        return {path.stem for path in found}

    @property
    def builds(self) -> set[str]:
        """All that there are."""
        return {f"one-python{self.python}-{architecture}" for architecture in ("arm64", "x86_64")}


def sessions(told: str) -> dict[str, str]:
    """What `nox --list` lists: by name, `*` where a plain `nox` runs it, else `-`."""
    return {name: mark for mark, name in re.findall(r"^([*-]) (\S+)", told, re.MULTILINE)}


@pytest.fixture
def shell(tmp_path, wheel):
    """A project's environment."""
    found = Shell(tmp_path)
    found.install(wheel)
    return found


def test_sessions_beside_theirs(shell):
    """Theirs stay, and so do their options and defaults; ours do what they are called."""
    shell.noxfile("import pylayer.sessions", "pylayer.sessions.register()")
    listed = sessions(shell.run("nox", "--list"))
    theirs = {"tests": "*", "clean(color='red')": "-", "clean(color='blue')": "-"}
    ours = {*table.NAMES} - {"clean"} | {f"layer({build})" for build in shell.builds}
    assert theirs | dict.fromkeys(ours, "-") == listed

    assert "their tests" in shell.run("nox")
    assert "their tests a b" in shell.run("nox", "-t", "arm64", "--", "a", "b")
    assert "their clean red" in shell.run("nox", "-s", "clean")
    assert set() == shell.built()

    shell.run("nox", "-s", "layers")
    assert shell.builds == shell.built()
    shell.run("nox", "-s", f"layer(one-python{shell.python}-arm64)")
    assert {f"one-python{shell.python}-arm64"} == shell.built()
    shell.run("nox", "-t", "layer:x86_64")
    assert {f"one-python{shell.python}-x86_64"} == shell.built()
    shell.run("nox", "-s", "build-layer", "--", "--only", "*-arm64", "one")
    assert {f"one-python{shell.python}-arm64"} == shell.built()
    assert "needs a NAME" in shell.run("nox", "-s", "build-layer", status=1)


def test_sessions_cost_little(shell):
    """Those of others read no layers.toml for ours, and the list needs neither Docker nor an index."""
    shell.noxfile("import pylayer.sessions", "pylayer.sessions.register()")
    shell.env["PYTHONPROFILEIMPORTTIME"] = "1"
    own = shell.run("nox", "-s", "tests")
    listed = shell.run("nox", "--list")
    assert "their tests" in own
    assert "layer(one-" in listed
    slow = {"pylayer.config", "pylayer.engines", "docker", "requests"}
    assert (set(), {"pylayer.config"}) == (slow & imported(own), slow & imported(listed))


def imported(told: str) -> set[str]:
    """The modules that were imported."""
    return {line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")}


def test_sessions_under_a_prefix(shell):
    """All of them, and none of another name."""
    shell.noxfile("import pylayer.sessions", 'pylayer.sessions.register(prefix="aws-")')
    listed = sessions(shell.run("nox", "--list"))
    ours = {f"aws-{name}" for name in table.NAMES} | {f"aws-layer({build})" for build in shell.builds}
    assert {"tests", "clean(color='red')", "clean(color='blue')"} | ours == {*listed}
    shell.run("nox", "-s", "aws-layers", "aws-clean")
    assert set() == shell.built()


@pytest.mark.parametrize("collected", [True, False])
def test_tasks_beside_theirs(shell, collected):
    """In a collection of theirs under our name, or chosen by their names."""
    if collected:
        imported = "import pylayer.tasks\n"
        registered = "ns = Collection(clean, lock)\nns.add_collection(pylayer.tasks.ns)"
    else:
        imported, registered = "from pylayer.tasks import build_layer, layers\n", ""
    text = TASKS.format(imported=imported, registered=registered)
    (shell.root / "tasks.py").write_text(text, encoding="utf-8")
    listed = set(re.findall(r"^  (\S+)", shell.run("invoke", "--list"), re.MULTILINE))
    ours = {f"pylayer.{name}" for name in table.NAMES} if collected else {"build-layer", "layers"}
    assert {"clean", "lock"} | ours == listed
    assert "their clean" in shell.run("invoke", "clean")
    assert "their lock" in shell.run("invoke")
    assert set() == shell.built()

    prefix = "pylayer." if collected else ""
    shell.run("invoke", f"{prefix}layers", "clean")
    assert shell.builds == shell.built()
    shell.run("invoke", f"{prefix}build-layer", "one", "--only=*-arm64")
    assert {f"one-python{shell.python}-arm64"} == shell.built()


@pytest.mark.parametrize("python", OTHERS)
def test_another_python(tmp_path, wheel, python):
    """What matters of all that, on each that is here."""
    shell = Shell(tmp_path, python=python)
    try:
        found = pythons.find(python, environ=os.environ, store=Store(tmp_path / "seen"))
    except NeedsDockerError as error:
        pytest.skip(str(error.faults[0].what))
    shell.install(wheel, python=found.executable)
    shell.noxfile("import pylayer.sessions", "pylayer.sessions.register()")
    text = TASKS.format(imported="import pylayer.tasks", registered="ns = pylayer.tasks.ns")
    (shell.root / "tasks.py").write_text(text, encoding="utf-8")
    shell.run("nox", "-s", "tests", f"layer(one-python{python}-arm64)")
    assert {f"one-python{python}-arm64"} == shell.built()
    shell.run("invoke", "layers")
    assert shell.builds == shell.built()


@pytest.mark.parametrize("way", ["uv tool", "pipx", "header"])
def test_nox_that_is_installed_apart(tmp_path, wheel, way):
    """It gets pylayer by the tool that installed it, or makes an environment by the noxfile's header."""
    shell = Shell(tmp_path)
    shell.programs.mkdir(parents=True)
    uv, header = find_uv_bin(), ""
    if way == "uv tool":
        shell.run(uv, "tool", "install", "--quiet", "--python", sys.executable, "nox", "--with", wheel)
    elif way == "pipx":
        pipx = [uv, "tool", "run", "--quiet", "--python", sys.executable, "pipx"]
        shell.run(*pipx, "install", "--quiet", "nox")
        shell.run(*pipx, "inject", "--quiet", "nox", wheel)
    else:
        header = f'# /// script\n# dependencies = ["nox", "pylayer-lambda @ {wheel.as_uri()}"]\n# ///\n'
        shell.run(uv, "tool", "install", "--quiet", "--python", sys.executable, "nox", "--with", "uv")
    shell.noxfile("import pylayer.sessions", "pylayer.sessions.register()", header=header)

    assert "their tests" in shell.run("nox")
    shell.run("nox", "-s", f"layer(one-python{OWN}-arm64)")
    assert {f"one-python{OWN}-arm64"} == shell.built()
