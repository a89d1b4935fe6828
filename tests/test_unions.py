"""poetry's `||` in the words of PEP 440."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from pylayer.unions import rewritten

VERSIONS = [
    *("0.9", "1.0", "1.5", "1.23.9", "1.24", "1.99.1", "2.0", "2.0.5", "2.1", "2.3.1", "2.4", "2.5"),
    *("2.9.9", "3.0", "3.1", "3.5.2", "4.0", "5", "2024.1", "2025.0", "2026.0"),
]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x (>=1.24,<2.0 || >=2.0,<3.0)", "x>=1.24,<3.0"),
        ("x (>=1.0,<2.0 || >=2.0,<3.0 || >=3.0,<4.0)", "x>=1.0,<4.0"),
        ("x (>=2.0,<3.0 || >=1.0,<2.5)", "x>=1.0,<3.0"),
        ("x (>=1.24,<2.0 || >=2.1,<3.0)", "x>=1.24,<3.0,!=2.0.*"),
        ("x (>=1,<2 || >=3)", "x>=1,!=2.*"),
        ("x (>=1,<2 || >=2.4.1)", "x>=1,!=2.0.*,!=2.1.*,!=2.2.*,!=2.3.*,!=2.4.0.*"),
        ("x (<1.5 || >1.6)", "x!=1.5.*,!=1.6"),
        ("x (<1.5 || >1.5)", "x!=1.5"),
        ("x (<=1.5 || >1.5)", "x"),
        ("x[a,b] (>=1,<2 || >=2,<3) ; extra == 'y'", "x[a,b]>=1,<3; extra == 'y'"),
    ],
)
def test_what_can_be_said_is(written, expected):
    """Next to each other, or with a gap that prefixes fill."""
    assert expected == rewritten(written)


def alternatives(written):
    """Whether a version is in one of the alternatives, each of which PEP 440 can read."""
    parts = written.partition("(")[2].rstrip(")").split("||")
    specifiers = [Requirement(f"x{part.strip()}").specifier for part in parts]
    return lambda version: any(each.contains(version) for each in specifiers)


@pytest.mark.parametrize(
    "written",
    [
        "x (>=1.24,<2.0 || >=2.0,<3.0)",
        "x (>=1.24,<2.0 || >=2.1,<3.0)",
        "x (>=1,<2 || >=3)",
        "x (>=1,<2 || >=2.4.1)",
        "x (<1.5 || >1.6)",
        "x (>=0.9,<2 || >=2.0.5,<2.4 || >=2.5,<2026)",
        "x (>=1,<4 || >=2,<3)",
    ],
)
def test_the_same_versions_are_allowed(written):
    """By what each alternative says for itself."""
    allowed = alternatives(written)
    found = Requirement(rewritten(written)).specifier
    assert {version: allowed(version) for version in VERSIONS} == {
        version: found.contains(Version(version)) for version in VERSIONS
    }


@pytest.mark.parametrize(
    "written",
    [
        "x (1.0 || 2.0)",
        f"x (>=1 || >={'9' * 5000})",
        "x (<=1.5 || >=1.7)",
        "x (>=1,<1.5.1 || >=2)",
        "x (>=1,<2 || ~=3.1)",
        "x (>=1,<2.dev0 || >=3)",
        "x (>=1,<2 || >=2024)",
        "x (>=1 || what)",
        "x (>=1,!=1.5 || >=3)",
        "x || y",
    ],
)
def test_what_cannot_be_said_is_refused(written):
    """Endless clauses, or another kind."""
    assert "" == rewritten(written)
