"""A folder of any repository → the packages in it that can be layers, and why the others cannot."""

from __future__ import annotations

import os
import re
from collections import deque
from dataclasses import field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.monorepo import projectfile, sourcetables
from pylayer.monorepo.projectfile import PYPROJECT, SETUP_FILES
from pylayer.monorepo.repository import Repository
from pylayer.monorepo.trees import OUTPUTS, SKIPPED, leaving, marked
from pylayer.names import normalise
from pylayer.patterns import ignored
from pylayer.proposals import pythons
from pylayer.proposals.deployed import Deployed, deploys, text
from pylayer.proposals.globs import is_nameable
from pylayer.proposals.modules import develops_polylith, lacks_module, only_holds_others

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from pylayer.monorepo.projectfile import Definition
    from pylayer.targets import Runtime

# Folders of projects that nobody deploys; none of them is meant where a repository has no others.
_ASIDE = frozenset(
    {
        *("test", "tests", "testdata", "test-data", "test_data", "fixtures"),
        *("doc", "docs", "example", "examples", "sample", "samples", "demo", "demos"),
        *("benchmark", "benchmarks", "template", "templates", "cookiecutter", "third_party", "vendor"),
    }
)
# And by their last words: such folders as integration_tests, and those within one such as monorepo-example.
_SETS = frozenset({"tests", "examples", "samples", "demos", "benchmarks", "fixtures"})
_ONES = frozenset({"example", "sample", "demo"})
_WORDS = re.compile(r"[-_.]")
_OF_LAMBDA = re.compile(r"(^|[-_.])(lambda|layer|function)s?($|[-_.])")
_REQUIREMENTS = frozenset({"requirements.txt", "Pipfile"})
_PINNED = re.compile(r"^\s*(?:python\s+|cpython[-@])?3\.(\d{1,3})\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPackage:
    """A package that can be a layer: its folder (posix), what it says of Python, the runtimes it can have.

    `needs` are the other packages here that it, or what it needs, asks for; `allows` are the runtimes that it
    could have without them.
    """

    name: str
    place: str
    python: str
    runtimes: frozenset[str]
    allows: frozenset[str]
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is in a repository: packages by place, and by place why other folders are none.

    `deployed` are the runtimes that files for deploy tools name, `pinned` is the one that a file for Python's
    version does. `git` is whether version control ignores what it is told. `bare` are folders below `root`
    whose requirements have no project, as SAM and CDK have them.
    """

    root: Path
    packages: tuple[FoundPackage, ...]
    left_out: Mapping[str, str]
    deployed: frozenset[str] = frozenset()
    pinned: str = ""
    git: Repository | None = None
    files: frozenset[str] = field(default=frozenset())
    bare: tuple[str, ...] = ()


@dataclass(slots=True)
class _Walked:
    projects: list[str]
    deployed: Deployed
    bare: list[str]


def survey(root: Path, *, runtimes: Mapping[str, Runtime]) -> Survey:
    """Look at all folders below `root` that are not hidden, ignored by git, or a tool's own."""
    git = Repository.of(root)
    walked = _walk(root, {path.rstrip("/") for path in git.ignored(root, ["."])} if git else set())
    left_out: dict[str, str] = {}
    gone: set[str] = set()
    definitions = dict(_read(root, walked.projects, left_out=left_out, gone=gone))
    kept = _without_twins(definitions, left_out)
    _leave_containers(root, kept, left_out)
    _leave_aside(root, kept, left_out)
    packages = _reachable(root, kept, left_out=left_out, gone=gone, runtimes=runtimes)
    return Survey(
        root=root,
        packages=tuple(sorted(packages, key=lambda package: package.place)),
        left_out=dict(sorted(left_out.items())),
        deployed=walked.deployed.runtimes,
        pinned=_pinned(root),
        git=git,
        files=frozenset(os.listdir(root)),  # noqa: PTH208  names, not paths
        bare=tuple(sorted(walked.bare)),
    )


def without(found: Survey, place: str, reason: str) -> Survey:
    """The same without a package that turned out to be none, nor those that need it."""
    gone = {package.name: package for package in found.packages if package.place == place}
    left_out = {**found.left_out, place: reason}
    for package in found.packages:
        if package.needs & gone.keys():
            left_out[package.place] = f"it needs {', '.join(sorted(package.needs & gone.keys()))}, left out"
    kept = tuple(package for package in found.packages if package.place not in left_out)
    return replace(found, packages=kept, left_out=dict(sorted(left_out.items())))


def _walk(root: Path, unseen: set[str]) -> _Walked:
    walked = _Walked(projects=[], deployed=Deployed(), bare=[])
    for folder, folders, files in os.walk(root):
        place = Path(folder).relative_to(root).as_posix()
        below = "" if place == "." else f"{place}/"
        names = {*files}
        is_project = PYPROJECT in names or not SETUP_FILES.isdisjoint(names)
        folders[:] = sorted(
            name
            for name in folders
            if not (name.startswith(".") or name in SKIPPED or leaving(name) or f"{below}{name}" in unseen)
            and not (is_project and name in OUTPUTS)
            and not name.endswith(".egg-info")
            and "{{" not in name
            and not marked(Path(folder, name))
        )
        if is_project:
            walked.projects.append(place)
        elif below and not _REQUIREMENTS.isdisjoint(names) and not _aside(below):
            walked.bare.append(place)
        walked.deployed.look(Path(folder), names, aside=bool(_aside(f"{place}/")))
    return walked


def _read(
    root: Path, places: Iterable[str], *, left_out: dict[str, str], gone: set[str]
) -> Iterator[tuple[str, Definition]]:
    """Give the projects that can be layers; what those that cannot are called is added to `gone`."""
    tables = sourcetables.read(projectfile.glance(root), folder=root, where=PYPROJECT)
    excluded = ignored([f"/{glob.strip('/')}" for glob in tables.excluded])
    for place in places:
        folder = root / place
        definition, faults = projectfile.read(folder, where=place)
        if excluded(place, True):  # noqa: FBT003  it is a folder
            left_out[place] = "the workspace of uv leaves it out"
        elif faults:
            told = faults[0].told.removeprefix(f"{place}: ")
            left_out[place] = _of_aside(place, part) if (part := _aside(place)) else told
        elif not is_nameable(place):
            left_out[place] = "its path holds characters that layers.toml cannot name"
        elif definition and definition.no_package:
            left_out[place] = definition.no_package
        elif definition and (problem := lacks_module(folder, definition)):
            left_out[place] = problem
        elif definition:
            yield place, definition
        if place in left_out:
            gone.add(definition.name if definition else normalise(folder.name))


def _without_twins(definitions: dict[str, Definition], left_out: dict[str, str]) -> dict[str, Definition]:
    """Of several packages of one name, take the first that is not aside, and highest."""
    kept: dict[str, Definition] = {}
    first: dict[str, str] = {}
    for place in sorted(definitions, key=lambda place: (bool(_aside(place)), place.count("/"), place)):
        name = definitions[place].name
        if name in first:
            left_out[place] = f'{first[name]} is called "{name}" as well'
        else:
            first[name] = place
            kept[place] = definitions[place]
    return kept


def _leave_containers(root: Path, kept: dict[str, Definition], left_out: dict[str, str]) -> None:
    """Leave out what only holds other packages, as the pyproject.toml at the top of a monorepo does."""
    above = {str(parent) for place in kept for parent in PurePosixPath(place).parents}
    for place in list(kept):
        if place not in above:
            continue
        if develops_polylith(root / place):
            left_out[place] = "polylith's developers work in it; its projects are what is deployed"
        elif only_holds_others(root / place, kept[place]):
            left_out[place] = "it holds other packages, and no module of its own name"
        if place in left_out:
            del kept[place]


def _leave_aside(root: Path, kept: dict[str, Definition], left_out: dict[str, str]) -> None:
    """Leave out tests, what deploys and the like, unless others need it, or there is nothing else."""
    aside = {place: _of_aside(place, part) for place in kept if (part := _aside(place))}
    for place in kept:
        if file := deploys(root / place):
            aside.setdefault(place, f"it deploys: {file} is in it")
    if len(aside) == len(kept):
        return
    needed: set[str] = set()
    queue = deque(place for place in kept if place not in aside)
    by_name = {definition.name: place for place, definition in kept.items()}
    while queue:
        for name in kept[queue.popleft()].required & by_name.keys():
            if (place := by_name[name]) not in needed:
                needed.add(place)
                queue.append(place)
    for place, reason in aside.items():
        if place not in needed:
            del kept[place]
            left_out[place] = reason


def for_lambda(places: Iterable[str]) -> list[str]:
    """Those of some folders that layers or functions are in, by their names."""
    return [place for place in places if any(_OF_LAMBDA.search(part) for part in place.lower().split("/"))]


def _aside(place: str) -> str:
    """The part of a place by which nobody deploys what is there; a slash at its end is for what is within."""
    *above, own = place.split("/")
    within = next((part for part in above if _last_word(part) in _ONES), "")
    parts = (part for part in (*above, own) if part.lower() in _ASIDE or _last_word(part) in _SETS)
    return within or next(parts, "")


def _of_aside(place: str, part: str) -> str:
    return f"it is in {part}/" if "/" in place else "it is not deployed, by its name"


def _last_word(part: str) -> str:
    return _WORDS.split(part.lower())[-1]


def _reachable(
    root: Path,
    kept: Mapping[str, Definition],
    *,
    left_out: dict[str, str],
    gone: AbstractSet[str],
    runtimes: Mapping[str, Runtime],
) -> list[FoundPackage]:
    """Give the packages with the runtimes that they and all they need can have; the others are left out.

    Whoever needs what is `gone` would get a stranger of that name from an index.
    """
    by_name = {definition.name: place for place, definition in kept.items()}
    own = {place: pythons.stated(root / place) for place in kept}
    needed = {place: definition.required & by_name.keys() for place, definition in kept.items()}
    sets = {place: pythons.allowed(said, runtimes.values()) for place, said in own.items()}
    missing = {
        place: sorted((definition.required & gone) - by_name.keys()) for place, definition in kept.items()
    }
    packages = []
    for place, definition in kept.items():
        needs = _closure(definition.name, lambda name: needed[by_name[name]])
        lost = [name for each in (definition.name, *sorted(needs)) for name in missing[by_name[each]]]
        common = pythons.in_common([sets[by_name[name]] for name in (definition.name, *needs)], runtimes)
        if lost:
            left_out[place] = f"it needs {lost[0]}, which is left out"
        elif not sets[place]:
            left_out[place] = f'it requires Python "{own[place]}", which no runtime has'
        elif not common:
            left_out[place] = "no runtime has a Python for it and all that it needs"
        else:
            packages.append(
                FoundPackage(
                    name=definition.name,
                    place=place,
                    python=own[place],
                    runtimes=frozenset(common),
                    allows=sets[place],
                    needs=needs,
                )
            )
    return packages


def _closure(name: str, needs: Callable[[str], Iterable[str]]) -> frozenset[str]:
    found: set[str] = set()
    queue = deque([name])
    while queue:
        for each in needs(queue.popleft()):
            if each not in found:
                found.add(each)
                queue.append(each)
    return frozenset(found - {name})


def _pinned(root: Path) -> str:
    """The runtime of the Python that the repository's developers use, as a file for version managers says."""
    for name in (".python-version", ".tool-versions"):
        if match := _PINNED.search(text(root / name)):
            return f"python3.{match[1]}"
    return ""
