"""The distribution is called pylayer-lambda, since `pylayer` on the public index is a stranger's."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib import metadata

import pytest
from factories.monorepo import ROOT

import pylayer

# What would install the stranger's: the bare name, with or without extras or a version, where names are read
# by an installer. A path (./pylayer) and pylayer-lambda itself are ours.
_NAME = r"""["'`]?pylayer(?![\w./-])"""
_WORDS = r"""(?:\s+[^\s"'`&|;#]+)*?"""  # options and other names, of the same command
OLD_FORMS = re.compile(
    rf"""
      (?:pip3?|pipx|uv\ tool)\ (?:install|download|upgrade|run|wheel){_WORDS}\s+{_NAME}
    | (?:pipx\ inject|uv\ add){_WORDS}\s+{_NAME}
    | (?:uvx|--from|--with)[\ =]{_NAME}
    | [Ii]nstall\ `pylayer`
    | (?<![\w./-])pylayer\[[\w,\s-]+\]          # an extra
    | (?:dependencies|requires)\ =\ \[.*["']pylayer["'\s=<>~!@;]
    | metadata\.\w+\(["']pylayer["']
    """,
    re.VERBOSE,
)


def test_nothing_in_the_repository_installs_the_stranger():
    """In no document, message, header of dependencies, or configuration."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    found = []
    for path in (ROOT / name for name in names if name):
        if not path.is_file() or path.samefile(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if OLD_FORMS.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")

    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "pip install pylayer",
        "python -m pip install --quiet -U pylayer",
        'pip install "pylayer>=0.1"',
        "`pip install pylayer[sbom]`",
        "hint='pip install \"pylayer[publish]\"'",
        "pipx inject nox pylayer`,",
        "Install `pylayer` beside nox",
        "uv add --dev pylayer",
        "uv tool install nox --with pylayer",
        "uvx pylayer layers",
        '# dependencies = ["nox", "pylayer"]',
        '  "pylayer[publish,sbom]",',
        'metadata.version("pylayer")',
    ],
)
def test_an_old_form_is_found(line):
    """Otherwise the test above would see nothing and pass."""
    assert OLD_FORMS.search(line)


@pytest.mark.parametrize(
    "line",
    [
        'pip install "pylayer-lambda[publish]"',
        "pip install ./pylayer",
        'pip install "./pylayer[publish,sbom]"',
        "pip install pylayer/dist/pylayer_lambda-*.whl",
        "uv build pylayer",
        "uv tool install nox --with ./pylayer",
        "pylayer layers [--only GLOB]",
        "pip install uv && uv run pylayer layers",
    ],
)
def test_what_installs_ours_passes(line):
    """Paths, the distribution's own name, and the command."""
    assert not OLD_FORMS.search(line)


def test_the_package_and_the_command_keep_their_name():
    """One version, in the package and in its metadata."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["name"] == "pylayer-lambda"
    assert list(project["scripts"]) == ["pylayer"]
    assert metadata.version("pylayer-lambda") == project["version"] == pylayer.__version__
