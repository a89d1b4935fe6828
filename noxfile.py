"""The sessions of this repository: pylayer's own, which are registered below, and the project's checks.

All of them use the environment that nox itself runs in (`uv run nox …` makes it), so that none is set up
twice.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nox

import pylayer.sessions

pylayer.sessions.register()
nox.options.sessions = ["tests"]

BIN = Path(sys.executable).parent
# Files begin in the order that tests/conftest.py gives them, not with those that have the most tests.
PYTEST = ("pytest", "--numprocesses=auto", "--dist=loadfile", "--no-loadscope-reorder")
# Hundreds of processes import the same modules: their bytecode is kept, whatever the machine says of that.
ENV = {"PYTHONDONTWRITEBYTECODE": ""}


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Everything that must hold: style, types, import order, then the tests (arguments go to pytest)."""
    lint(session)
    session.run(BIN / "python", "-m", *PYTEST, *session.posargs, env=ENV)


@nox.session(venv_backend="none")
def coverage(session: nox.Session) -> None:
    """The tests, measuring what runs in all of their processes: fails below the floor in pyproject.toml."""
    # Cheap to measure with, where Python has it; the default that 3.11 keeps costs more.
    env = {"COVERAGE_CORE": "sysmon"} if sys.version_info >= (3, 12) else {}
    session.run(BIN / "coverage", "erase")
    session.run(BIN / "coverage", "run", "-m", *PYTEST, *session.posargs, env=ENV | env)
    # A process that was killed while it wrote leaves a file that cannot be read: all others count.
    session.run(BIN / "coverage", "combine", "--quiet", success_codes=[0, 1])
    session.run(BIN / "coverage", "report")


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """The documentation's site, into dist/docs: all that it links to and needs must be there."""
    uv = (sys.executable, "-m", "uv", "run", "--quiet", "--group", "docs")
    session.run(*uv, "mkdocs", "build", "--strict", "--quiet", env={"NO_MKDOCS_2_WARNING": "1"})
    remote = re.compile(r'<(?:script|img|link)\b[^>]*\b(?:src|href)="(?:https?:)?//')
    pages = {page.name: page.read_text(encoding="utf-8") for page in Path("dist/docs").rglob("*.html")}
    if asking := [name for name, content in pages.items() if remote.search(content)]:
        session.error(f"take something from another server: {', '.join(asking)}")


@nox.session(venv_backend="none")
def distribution(session: nox.Session) -> None:
    """What an index would get, into dist/index, and whether it would take that and could show README.md."""
    folder = Path("dist", "index")
    session.run(sys.executable, "-m", "uv", "build", "--quiet", "--clear", "--out-dir", folder)
    files = sorted(folder.glob("pylayer_lambda-*"))
    uv = (sys.executable, "-m", "uv", "run", "--quiet", "--group", "docs")
    session.run(*uv, "twine", "check", "--strict", *files)


@nox.session(venv_backend="none", name="lint")
def lint_alone(session: nox.Session) -> None:
    """Style, types and import order, without the tests."""
    lint(session)


@nox.session(venv_backend="none")
def fuzz(session: nox.Session) -> None:
    """Give all that reads a million broken inputs, others every time (`--help` has the arguments)."""
    session.run(BIN / "python", "-m", "campaigns.fuzz", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(venv_backend="none")
def reliability(session: nox.Session) -> None:
    """Try what must never go wrong: `kills`, `aws`, `affected`, `engines`, `places` (`--help` says how)."""
    name, *words = session.posargs or ["kills", "--help"]
    session.run(BIN / "python", "-m", f"campaigns.{name}", *words, env={"PYTHONPATH": "tests"})


@nox.session(venv_backend="none")
def benchmarks(session: nox.Session) -> None:
    """Measure pylayer against its rivals on this machine (arguments go to benchmarks/run.py)."""
    session.run(BIN / "python", "benchmarks/run.py", *session.posargs)


@nox.session(venv_backend="none")
def reference(session: nox.Session) -> None:
    """Write docs/reference.md, json.md and api.md, from what the code knows of itself."""
    session.run(BIN / "python", "docs/reference.py")


def lint(session: nox.Session) -> None:
    """Run the checks that need no test."""
    session.run(BIN / "ruff", "check")
    session.run(BIN / "ruff", "format", "--check")
    session.run(BIN / "mypy")
    session.run(BIN / "lint-imports")
