"""What packages say of Python."""

from __future__ import annotations

import pytest

from pylayer.proposals.pythons import allowed, in_common, stated
from pylayer.targets import load_runtimes

RUNTIMES = {name: each for name, each in load_runtimes().items() if each.minor in (10, 11, 12, 13)}


@pytest.mark.parametrize(
    ("said", "minors"),
    [
        ("", "10 11 12 13"),
        ("*", "10 11 12 13"),
        (">=3.11", "11 12 13"),
        (">=3.11.4,<3.13", "11 12"),
        (">= 3.11, < 3.13", "11 12"),
        (">=3.11 <3.13", "11 12"),
        ("==3.12.*", "12"),
        ("~=3.11", "11 12 13"),
        ("^3.11", "11 12 13"),
        ("^3.12.1", "12 13"),
        ("^3", "10 11 12 13"),
        ("~3.11", "11"),
        ("~3", "10 11 12 13"),
        ("3.12", "12"),
        ("3.12.*", "12"),
        ("^3.8,<3.12", "10 11"),
        ("~3.10 || ~3.13", "10 13"),
        ("<3.8 || >=3.13", "13"),
        ("!=3.11.*", "10 12 13"),
        (">=2.7, !=3.0.*, <4", "10 11 12 13"),
        ("<3", ""),
        ("what is this", "10 11 12 13"),
    ],
)
def test_both_notations_are_read(said, minors):
    """PEP 440's and poetry's; what is neither allows everything: the build will say what it thinks of it."""
    assert {f"python3.{minor}" for minor in minors.split()} == allowed(said, RUNTIMES.values())


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.11"\n'}, ">=3.11"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\n'}, "^3.11"),
        ({"setup.py": 'from setuptools import setup\nsetup(python_requires=">=3.9")\n'}, ">=3.9"),
        ({"setup.py": 'P = ">=3.9"\nsetup(python_requires=P)\n'}, ">=3.9"),
        ({"setup.cfg": "[options]\npython_requires =\n    >=3.9\n    <4\n"}, ">=3.9 <4"),
        ({"setup.cfg": "", "setup.py": "setup(python_requires=read())"}, ""),
        ({"pyproject.toml": "requires-python = 3\n[project]\nrequires-python = 3\n"}, ""),
        ({"setup.py": "setup(", "pyproject.toml": "["}, ""),
        ({}, ""),
    ],
)
def test_it_is_found_wherever_it_is_said(tmp_path, files, said):
    """Where it cannot be read, nothing is said."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert said == stated(tmp_path)


def test_what_all_have_in_common_is_in_order():
    """Oldest first, whatever the sets' own order."""
    sets = [frozenset({"python3.13", "python3.11", "python3.12"}), frozenset({"python3.13", "python3.11"})]
    assert ("python3.11", "python3.13") == in_common(sets, RUNTIMES)
    assert tuple(RUNTIMES) == in_common([], RUNTIMES)
