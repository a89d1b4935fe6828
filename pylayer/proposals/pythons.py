"""What a package says of Python, in the notation of its build tool → the runtimes that it allows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pylayer.building.serving import allows
from pylayer.errors import ManifestError
from pylayer.monorepo.projectfile import glance
from pylayer.monorepo.setupfiles import python_in_setup_cfg, python_in_setup_py
from pylayer.tables import table_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pylayer.targets import Runtime

_CARET = re.compile(r"\^\s*(\d+)(?:\.(\d+))?((?:\.\d+)*)")
_TILDE = re.compile(r"~(?!=)\s*(\d+)(?:\.(\d+))?((?:\.\d+)*)")
_PATCHES = 100  # more than any minor version has
_BARE = re.compile(r"\d[\d.]*(?:\.\*)?")


def stated(folder: Path) -> str:
    """What the project in `folder` says, as it says it; empty where it says nothing, or none can read it."""
    try:
        pyproject = glance(folder)
        said = [
            table_at(pyproject, "project").get("requires-python"),
            table_at(pyproject, "tool", "poetry", "dependencies").get("python"),
        ]
        if (folder / "setup.py").is_file():
            said.append(python_in_setup_py(folder / "setup.py", where="setup.py"))
        if (folder / "setup.cfg").is_file():
            said.append(python_in_setup_cfg(folder / "setup.cfg", where="setup.cfg"))
    except ManifestError:
        return ""
    return next((" ".join(text.split()) for text in said if isinstance(text, str) and text.strip()), "")


def allowed(said: str, runtimes: Iterable[Runtime]) -> frozenset[str]:
    """The names of those `runtimes` that it allows."""
    choices = [_as_specifiers(each) for each in said.split("||")]
    return frozenset(
        runtime.name for runtime in runtimes if any(allows(each, runtime.python) for each in choices)
    )


def earliest(said: str, runtime: Runtime) -> int:
    """The first patch release of a runtime's Python that it allows; 0 where it allows none."""
    choices = [_as_specifiers(each) for each in said.split("||")]
    releases = (f"{runtime.python}.{patch}" for patch in range(_PATCHES))
    found = (patch for patch, version in enumerate(releases) if any(_has(each, version) for each in choices))
    return next(found, 0)


def _has(specifiers: str, version: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(specifiers).contains(version)
    except InvalidSpecifier:
        return True


def in_common(sets: Iterable[frozenset[str]], runtimes: Mapping[str, Runtime]) -> tuple[str, ...]:
    """The names that are in all of them, oldest first."""
    common = frozenset(runtimes).intersection(*sets)
    return tuple(name for name in runtimes if name in common)


def _as_specifiers(said: str) -> str:
    """Poetry's notation as PEP 440 has it (https://python-poetry.org/docs/dependency-specification/)."""
    clauses = []
    joined = re.sub(r"(?<=[\w*.])\s+(?=[<>=!~^\d])", ",", said.strip())
    for clause in filter(None, map(str.strip, joined.split(","))):
        if clause == "*":
            continue
        if match := _CARET.fullmatch(clause):
            clauses += [f">={clause[1:].strip()}", f"<{int(match[1]) + 1}"]
        elif match := _TILDE.fullmatch(clause):
            above = f"{match[1]}.{int(match[2]) + 1}" if match[2] else str(int(match[1]) + 1)
            clauses += [f">={clause[1:].strip()}", f"<{above}"]
        else:
            clauses.append(f"=={clause}" if _BARE.fullmatch(clause) else clause)
    return ",".join(clauses)
