"""A project's own files → what they state that it requires, read and never run.

What `[project]` states (PEP 621) its wheel says in the same words. What setup.cfg and setup.py state, code of
the project's can still change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from pylayer import below
from pylayer.below import OutsideError
from pylayer.errors import ManifestError
from pylayer.markers import required
from pylayer.monorepo.projectfile import PYPROJECT, glance
from pylayer.monorepo.setupfiles import requires_in_setup_cfg, requires_in_setup_py
from pylayer.names import normalise, required_name
from pylayer.tables import document, table_at
from pylayer.wheels import Metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

_VERSION = "0"


def declared(name: str, pyproject: Mapping[str, Any]) -> Metadata | None:
    """What the `[project]` of pyproject.toml states, unless that leaves some to the build.

    Its version is none of the project's.
    """
    table = table_at(pyproject, "project")
    dynamic = table.get("dynamic", [])
    if not table or not {"dependencies", "optional-dependencies"}.isdisjoint(dynamic):
        return None
    return _metadata(name, table.get("dependencies", []), table_at(table, "optional-dependencies"))


def likely(name: str, folder: Path) -> Metadata | None:
    """The same, else what files say that setuptools reads: those that pyproject.toml names, and its own.

    None where nothing can be read that says it.
    """
    try:
        where = folder / PYPROJECT
        pyproject = document(where, where=PYPROJECT) if where.is_file() else {}
        if "project" in pyproject:
            return declared(name, pyproject) or _in_named_files(name, folder, pyproject)
        for file, read in (("setup.cfg", requires_in_setup_cfg), ("setup.py", requires_in_setup_py)):
            path = folder / file
            if path.is_file() and (found := read(path, where=file)) is not None:
                return _metadata(name, *found)
    except (ManifestError, OSError, UnicodeDecodeError, OutsideError):  # whoever builds it is told
        return None
    return None


def stating(folder: Path) -> str:
    """Name the file in which a project most likely states what it requires."""
    pyproject = glance(folder)
    files = [name for name in ("setup.cfg", "setup.py") if (folder / name).is_file()]
    if "project" in pyproject or "poetry" in table_at(pyproject, "tool") or not files:
        return PYPROJECT
    try:
        in_cfg = requires_in_setup_cfg(folder / "setup.cfg", where="setup.cfg") if len(files) > 1 else None
    except ManifestError:
        in_cfg = None
    return files[0] if in_cfg else files[-1]


def _in_named_files(name: str, folder: Path, pyproject: Mapping[str, Any]) -> Metadata | None:
    """What `file` of `[tool.setuptools.dynamic]` has, where all that is left to the build is there."""
    project, left = table_at(pyproject, "project"), table_at(pyproject, "tool", "setuptools", "dynamic")
    dynamic = {"dependencies", "optional-dependencies"} & {*project.get("dynamic", [])}
    if not dynamic <= left.keys():
        return None
    requires = project.get("dependencies", [])
    optional = table_at(project, "optional-dependencies")
    if "dependencies" in dynamic:
        requires = _lines(folder, table_at(left, "dependencies"))
    if "optional-dependencies" in dynamic:
        named = table_at(left, "optional-dependencies")
        optional = {extra: _lines(folder, table_at(named, extra)) for extra in named}
    return _metadata(name, requires, optional)


def _lines(folder: Path, named: Mapping[str, Any]) -> list[str]:
    files = named.get("file", [])
    listed = [files] if isinstance(files, str) else files
    # Setuptools reads no file outside of the project's folder either.
    found = [below.find(folder, file).read_text("utf-8") for file in listed]
    lines = [line.strip() for text in found for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def without_version(text: str, projects: Collection[str]) -> str:
    """A requirement, of a project without the version: that it is the right one, building it says.

    `projects` are normalised names.
    """
    if required_name(text) not in projects:
        return text
    try:
        requirement = required(text)
    except InvalidRequirement:
        return text
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{extras}{marker}"


def _metadata(name: str, requires: Sequence[str], optional: Mapping[str, Sequence[str]]) -> Metadata:
    texts = [*requires]
    for extra, each in optional.items():
        texts += [_of_extra(text, extra) for text in each]
    return Metadata(
        name=name, version=_VERSION, requires=tuple(texts), extras=tuple(map(normalise, optional))
    )


def _of_extra(text: str, extra: str) -> str:
    """A requirement as METADATA has it for an extra."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return text
    condition = f'extra == "{normalise(extra)}"'
    if requirement.marker:
        condition = f"({requirement.marker}) and {condition}"
    requirement.marker = None
    return f"{requirement} ; {condition}"
