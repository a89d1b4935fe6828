"""A project's folder → its Definition: name, build backend, and how its wheel depends on the interpreter.

Nothing of the project is run: pyproject.toml, setup.cfg and the literals of setup.py say it, or a fault does.
"""

from __future__ import annotations

import os
from dataclasses import field
from posixpath import normpath
from typing import TYPE_CHECKING, Any

from pylayer import below
from pylayer.config.values import distribution, requirement
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, ManifestError
from pylayer.monorepo import bricks, members, references, sourcetables
from pylayer.monorepo.independence import (
    SETUPTOOLS,
    Configuration,
    Vcs,
    is_python_independent,
    may_ask_git,
    reads_history,
    version_from_vcs,
)
from pylayer.monorepo.setupfiles import (
    builds_by_setup_cfg,
    is_setup_script,
    name_in_setup_cfg,
    name_in_setup_py,
    uses_scm_version,
)
from pylayer.monorepo.sourcetables import SourceTables
from pylayer.names import normalise, required_name
from pylayer.tables import document, in_file, list_of, refusal, string, table_at, take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

PYPROJECT = "pyproject.toml"
SETUP_FILES = frozenset({"setup.py", "setup.cfg"})
_READ = SETUP_FILES | {PYPROJECT, "hatch.toml"}

# PEP 517 and 518: what builds a project that names no build backend.
LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
LEGACY_REQUIRES = ("setuptools>=40.8.0",)
# File systems take names of 255 bytes; a wheel's has a version and tags besides.
_LONGEST_NAME = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What the project in `folder`, which faults call `where`, says of itself; `name` is normalised.

    `asks_git`: its build may ask git which files are tracked or ignored. `reads_history`: it takes a version
    from git by itself. `no_package` says why nobody builds it, though it looks like a project. `outside` are
    globs for what its build reads elsewhere. `dependencies` are what `[project]` states of the run time (PEP
    508, as written), none where it does not; `requires_python` is from there too. `tables` say where
    distributions come from, and `required` are the names (normalised) of all that its tables ask for, at run
    time, for an extra or to build it. `bricks` are the folders elsewhere from which poetry takes packages.
    """

    name: str
    folder: Path
    where: str
    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...]
    python_independent: bool
    vcs: Vcs | None
    asks_git: bool = False
    reads_history: bool = False
    no_package: str = ""
    outside: tuple[str, ...] = ()
    bricks: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    requires_python: str | None = None
    tables: SourceTables = field(default_factory=SourceTables)
    required: frozenset[str] = frozenset()


def glance(folder: Path) -> Mapping[str, Any]:
    """What pyproject.toml in a folder says; nothing where there is none, or it cannot be read."""
    try:
        return document(folder / PYPROJECT, where=PYPROJECT) if (folder / PYPROJECT).is_file() else {}
    except ManifestError:
        return {}


def read(folder: Path, *, where: str, name: str = "") -> tuple[Definition | None, list[Fault]]:
    """Read the project in `folder`, which faults call `where`; its `name`, if known, is not looked for.

    No definition and no fault: the folder holds nothing that could be built. No definition and faults: it
    does, and they are why.
    """
    try:
        files = frozenset(os.listdir(folder))  # noqa: PTH208  names, not paths
        if faults := [
            _astray(where, name) for name in sorted(files & _READ) if below.is_astray(folder / name)
        ]:
            return None, faults
        pyproject = document(folder / PYPROJECT, where=f"{where}/{PYPROJECT}") if PYPROJECT in files else {}
        if not (_builds(pyproject) or _is_set_up(folder, files, where)):
            return None, []
        return _definition(folder, pyproject, files, where, name)
    except ManifestError as error:
        return None, list(error.faults)
    except OSError as error:
        return None, [Fault(what=f"cannot be read: {error.strerror}", where=where)]


def _astray(where: str, name: str) -> Fault:
    """Refuse a file that is another one of this machine's: what is wrong with it would show some of it."""
    what = "is a symbolic link that leads out of the repository, or into version control's own files"
    return Fault(what=what, where=f"{where}/{name}", hint="copy what it leads to into the repository")


def _builds(pyproject: Mapping[str, Any]) -> bool:
    """Whether a pyproject.toml is there for more than the configuration of tools."""
    return "build-system" in pyproject or "project" in pyproject or "poetry" in table_at(pyproject, "tool")


def _is_set_up(folder: Path, files: frozenset[str], where: str) -> bool:
    """Whether setuptools is told what to build: a setup.py may be any module, a setup.cfg other tools'."""
    if "setup.py" in files and is_setup_script(folder / "setup.py"):
        return True
    return "setup.cfg" in files and builds_by_setup_cfg(folder / "setup.cfg", where=f"{where}/setup.cfg")


def _definition(
    folder: Path,
    pyproject: Mapping[str, Any],
    files: frozenset[str],
    where: str,
    known: str,
) -> tuple[Definition | None, list[Fault]]:
    requires, backend, backend_path, faults = _build_system(pyproject)
    faults = in_file(f"{where}/{PYPROJECT}", faults)
    no_package = members.no_package(folder, pyproject, files)
    nameless = no_package and "name" not in {
        *table_at(pyproject, "project"),
        *table_at(pyproject, "tool", "poetry"),
    }
    name = normalise(folder.name) if nameless else known or _name(folder, pyproject, files, where, faults)
    if faults or not name:
        return None, faults
    hatch_toml = document(folder / "hatch.toml", where=f"{where}/hatch.toml") if "hatch.toml" in files else {}
    configuration = Configuration(
        pyproject=pyproject,
        hatch_toml=hatch_toml,
        files=files,
        requires=requires,
        backend=backend,
        backend_path=backend_path,
        setup_cfg=_text(folder, "setup.cfg", files),
    )
    legacy_script = "setup.py" in files and backend in SETUPTOOLS
    setup_py_asks = legacy_script and uses_scm_version(folder / "setup.py", where=f"{where}/setup.py")
    vcs = version_from_vcs(configuration, setup_py_asks=setup_py_asks)
    setup_py = _text(folder, "setup.py", files)
    stated = table_at(pyproject, "project").get("dependencies")
    python = table_at(pyproject, "project").get("requires-python")
    tables = sourcetables.read(pyproject, folder=folder, where=f"{where}/{PYPROJECT}")
    definition = Definition(
        name=name,
        folder=folder,
        where=where,
        requires=requires,
        backend=backend,
        backend_path=backend_path,
        python_independent=is_python_independent(configuration, vcs=vcs),
        vcs=vcs,
        no_package=no_package,
        outside=tuple(references.outside(folder, configuration, setup_py=setup_py)),
        bricks=bricks.places(pyproject, backend),
        asks_git=may_ask_git(configuration),
        reads_history=reads_history(configuration),
        dependencies=tuple(map(str, stated)) if isinstance(stated, list) else (),
        requires_python=python if isinstance(python, str) else None,
        tables=tables,
        required=frozenset(map(required_name, (*_required(configuration, tables), *requires))),
    )
    return definition, []


def _text(folder: Path, name: str, files: frozenset[str]) -> str:
    return (folder / name).read_text(encoding="utf-8", errors="replace") if name in files else ""


def _required(configuration: Configuration, tables: SourceTables) -> Iterator[str]:
    """Name all that a wheel of it may require."""
    pyproject = configuration.pyproject
    project, poetry = table_at(pyproject, "project"), table_at(pyproject, "tool", "poetry")
    lists = [project.get("dependencies"), *table_at(project, "optional-dependencies").values()]
    yield from (text for texts in lists if isinstance(texts, list) for text in texts if isinstance(text, str))
    yield from table_at(poetry, "dependencies")
    declared = "project" in pyproject or "dependencies" in poetry
    if not declared or "dependencies" in configuration.dynamic:
        # What they are, its backend alone knows.
        yield from (stated.distribution for stated in tables.stated)


def _build_system(pyproject: Mapping[str, Any]) -> tuple[tuple[str, ...], str, tuple[str, ...], list[Fault]]:
    """Read `[build-system]`: requirements, backend, backend path, faults."""
    faults: list[Fault] = []
    if "build-system" not in pyproject:
        return LEGACY_REQUIRES, LEGACY_BACKEND, (), faults
    system = pyproject["build-system"]
    if not isinstance(system, dict) or "requires" not in system:
        what = "must be a table with the key `requires` (PEP 518)"
        hint = 'such as requires = ["setuptools>=61"]'
        return (), "", (), [Fault(what=what, where="build-system", hint=hint)]
    place = "build-system"
    none: tuple[str, ...] = ()
    requires = take(
        list_of(requirement), system["requires"], default=none, faults=faults, place=f"{place}.requires"
    )
    if "build-backend" not in system:
        # As pip and build do: the legacy backend, with its requirement where the project forgot it.
        forgotten = all(required_name(requirement) != "setuptools" for requirement in requires)
        return (*requires, *(LEGACY_REQUIRES if forgotten else ())), LEGACY_BACKEND, (), faults
    backend = take(string, system["build-backend"], default="", faults=faults, place=f"{place}.build-backend")
    given = system.get("backend-path", [])
    path = take(list_of(_inside), given, default=none, faults=faults, place=f"{place}.backend-path")
    return requires, backend, path, faults


def _inside(value: object) -> str:
    """Take a folder of the project: PEP 517 allows no other in backend-path."""
    path = string(value)
    if path.startswith("/") or ".." in normpath(path).split("/"):
        raise refusal(
            f'"{path}" points outside the project',
            hint="PEP 517: it must be relative to the project, and inside it",
        )
    return path


def _name(
    folder: Path,
    pyproject: Mapping[str, Any],
    files: frozenset[str],
    where: str,
    faults: list[Fault],
) -> str:
    """Find the project's name, normalised; "" with a fault where there is none to be read."""
    if "project" in pyproject:
        # PEP 621: the name cannot be dynamic.
        stated = table_at(pyproject, "project").get("name", "")
        return _checked(stated, where, PYPROJECT, "project.name", faults)
    poetry = table_at(pyproject, "tool", "poetry")
    if "name" in poetry:
        return _checked(poetry["name"], where, PYPROJECT, "tool.poetry.name", faults)
    # What setup.py passes wins over setup.cfg, in setuptools too.
    readers: dict[str, Callable[..., str | None]] = {
        "setup.py": name_in_setup_py,
        "setup.cfg": name_in_setup_cfg,
    }
    for file, reader in readers.items():
        if file in files and (stated := reader(folder / file, where=f"{where}/{file}")):
            return _checked(stated, where, file, "name", faults)
    faults.append(
        Fault(
            what="has no name that can be read without running code",
            where=where,
            hint='write name = "…" under [project] in pyproject.toml or under [metadata] in setup.cfg',
        ),
    )
    return ""


def _checked(stated: object, where: str, file: str, place: str, faults: list[Fault]) -> str:
    found: list[Fault] = []
    name = take(distribution, stated, default="", faults=found, place=place)
    if len(name) > _LONGEST_NAME:
        what = f"is longer than {_LONGEST_NAME} characters: no file system takes the name of its wheel"
        found.append(Fault(what=what, where=place, hint="give it a shorter one"))
    faults += in_file(f"{where}/{file}", found)
    return name
