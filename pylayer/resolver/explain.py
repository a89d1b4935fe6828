"""A request that nothing satisfies → an error that says what is missing, and what would do."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from pylayer.errors import DownloadError, Fault, ResolveError
from pylayer.index.simple import candidates
from pylayer.index.web import Web
from pylayer.markers import holds
from pylayer.names import normalise, required_name
from pylayer.resolver.requirements import ResolverPython
from pylayer.resolver.uvtool import with_default
from pylayer.shown import either
from pylayer.targets import Architecture, Target, later_runtimes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.index.indexes import IndexSettings
    from pylayer.index.simple import File
    from pylayer.resolver.requirements import Request
    from pylayer.targets import Runtime

# `a==1 has no usable wheels`, `a<=1.1 has …`, `all versions of a have no wheels with a matching …`.
_WITHOUT_WHEEL = re.compile(
    r"(all versions of )?([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?([<>=!~]\S+)?"
    r" ha(?:s|ve) no (?:usable )?wheels"
)
_PYTHON = re.compile(r" requires Python ([<>=!~]+[\d.*]+(?:, ?[<>=!~]+[\d.*]+)*)")
_LATEST_PATCH = 99
_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_MOST_TAGS = 6
_NEEDS = " needs a Python "
_LISTING = ": it has "  # behind it, targets differ
_ONLY_WHEELS = (
    "what builds packages is only taken as a wheel: require a version that has one, put one on an index of "
    "yours, or make it a package of the monorepo"
)


class Newest(Protocol):
    """Finds the newest version of a distribution that would do."""

    def __call__(
        self, name: str, *, request: Request, python: ResolverPython, settings: IndexSettings
    ) -> str | None:
        """Give it, or None."""
        ...


def explained(
    reasoning: str, *, request: Request, python: ResolverPython, settings: IndexSettings, newest: Newest
) -> ResolveError | DownloadError:
    """Find the requirements that no wheel can satisfy; where there are none, only uv's reasoning tells.

    To uv, what an index refuses to show may look as if it were not there: then that index is the error.
    """
    faults: list[Fault] = []
    unasked: list[Fault] = []
    buildable: list[str] = []
    asked = {
        required_name(each) for each in (*request.requirements, *request.constraints, *request.overrides)
    }
    with Web(settings := with_default(settings)) as web:
        for name, wanted in _wanted(reasoning, request, python).items():
            try:
                files = candidates(name, settings=settings, web=web)
            except DownloadError as error:
                unasked += error.faults if f"{name} was not found" in reasoning else ()
                continue
            if what := _problem(name, wanted, files, python):
                version = newest(name, request=request, python=python, settings=settings)
                sdist = "no wheel" in what and any(not file.is_wheel for file in files)
                demanded = name in asked or re.search(
                    rf"\bdepends? on {name}{re.escape(str(wanted))}\b", reasoning
                )
                if sdist and not demanded and version and _is_later(version, wanted, files):
                    # Something else may have kept the resolver from those with wheels.
                    buildable.append(name)
                    continue
                newest_of = max(
                    (file for file in files if file.version in wanted), key=_version, default=None
                )
                needed = newest_of.requires_python if newest_of and _NEEDS in what else ""
                patch = _patch([needed], python)
                newer = _newer(wanted, files, python)
                way = (_ONLY_WHEELS if request.building else _to_build(name)) if sdist else ""
                hint = _hint(version, newer=newer, patch=patch, way=way)
                cause = what.partition(_LISTING)[0]
                faults.append(Fault(what=what, where=python.label, hint=hint, cause=cause, about=name))
    if unasked and not faults:
        return DownloadError.of(unasked, log=reasoning)
    if not faults:
        what, hint = "no versions go together", "loosen one of the requirements that the resolver names"
        if buildable and not request.building:
            built = built_from_source(buildable)
            hint += f"; or have older versions built, of which there are sdists alone: {built}"
        hint += f"; {patch}" if (patch := _patch(_PYTHON.findall(reasoning), python)) else ""
        faults.append(Fault(what=what, where=python.label, hint=hint, cause=reasoning))
    return ResolveError.of(faults, log=reasoning)


def _wanted(reasoning: str, request: Request, python: ResolverPython) -> dict[str, SpecifierSet]:
    """Collect what is asked of each name at the top or in the reasoning, and of what uv says has no wheel."""
    wanted: dict[str, SpecifierSet] = {}
    for every, name, limits in _WITHOUT_WHEEL.findall(reasoning):
        with suppress(InvalidSpecifier):
            if (every or limits) and "*" not in limits:
                wanted[normalise(name)] = SpecifierSet(limits)
    overridden = {required_name(each) for each in request.overrides}
    asked = [each for each in request.requirements if required_name(each) not in overridden]
    given = [Requirement(each) for each in (*asked, *request.constraints, *request.overrides)]
    top = {normalise(Requirement(each).name) for each in request.requirements}
    named = {normalise(word) for word in _WORD.findall(reasoning)}
    own: dict[str, SpecifierSet] = {}
    for requirement in given:
        name = normalise(requirement.name)
        applies = holds(requirement.marker, python.markers)
        if (name in top or name in named) and applies and not requirement.url:
            own[name] = own.get(name, SpecifierSet()) & requirement.specifier
    settled = {wheel.metadata.name for wheel in request.provided} | set(map(normalise, request.excludes))
    wanted.update(own)
    return {name: each for name, each in wanted.items() if name not in settled}


def _problem(name: str, wanted: SpecifierSet, files: Sequence[File], python: ResolverPython) -> str:
    """Say why nothing of `files` does, if nothing does."""
    if not files:
        return f"{name} is not on any index that is searched"
    matching = set(wanted.filter(sorted({file.version for file in files})))
    if not matching:
        return f"{name} has no version {wanted}"
    tags = frozenset(python.tags)
    wheels = [file for file in files if file.version in matching and file.is_wheel]
    allowed = [file for file in wheels if python.satisfies(file.requires_python)]
    if any(file.tags & tags for file in allowed):
        return ""
    if wheels and not allowed:
        return f"{name} {wanted}{_NEEDS}{wheels[0].requires_python}".replace("  ", " ")
    version = max((file.version for file in allowed), default=max(matching))
    listed = _listed([file for file in allowed if file.version == version], python)
    return f"{name} {version} has no wheel that runs there" + (
        f"{_LISTING}{listed}" if listed else ", only an sdist"
    )


def _listed(wheels: Sequence[File], python: ResolverPython) -> str:
    """Name the tags of some wheels, those that come closest first."""
    machine = python.markers.get("platform_machine", "")
    interpreter = python.tags[0].interpreter if python.tags else ""
    texts = sorted(
        {wheel.filename.removesuffix(".whl").split("-", 2)[2] for wheel in wheels},
        key=lambda text: (
            not text.startswith(f"{interpreter}-"),
            "linux" not in text,
            machine not in text,
            text,
        ),
    )
    more = f" and {len(texts) - _MOST_TAGS} more" if len(texts) > _MOST_TAGS else ""
    return ", ".join(texts[:_MOST_TAGS]) + more


def _newer(wanted: SpecifierSet, files: Sequence[File], python: ResolverPython) -> list[str]:
    """The newer runtimes that the newest version asked for has a wheel for, on the same machine."""
    architecture = Architecture.of_machine(python.markers.get("platform_machine", ""))
    versions = set(wanted.filter(sorted({file.version for file in files})))
    if architecture is None or not versions:
        return []
    wheels = [file for file in files if file.version == max(versions) and file.is_wheel]

    def suits(runtime: Runtime) -> bool:
        other = ResolverPython.of_target(Target(runtime=runtime, architecture=architecture))
        tags = frozenset(other.tags)
        return any(file.tags & tags and other.satisfies(file.requires_python) for file in wheels)

    return [runtime.name for runtime in later_runtimes(Version(python.version).minor) if suits(runtime)]


def _version(file: File) -> Version:
    return file.version


def _patch(wanted: Sequence[str], python: ResolverPython) -> str:
    """Say which patch release would do for all Pythons that are wanted, and are of this minor version."""
    if python.executable:
        return ""
    found = [0]
    for text in wanted:
        later = (replace(python, version=f"{python.minor}.{patch}") for patch in range(_LATEST_PATCH))
        if not python.satisfies(text):
            found += [Version(each.version).micro for each in later if each.satisfies(text)][:1]
    if not (least := max(found)):
        return ""
    said = f'[runtimes."python{python.minor}"] patch = {least}'
    return f"if your functions run Python {python.minor}.{least} or later: {said}"


def _hint(newest: str | None, *, newer: Sequence[str] = (), patch: str = "", way: str = "") -> str:
    ways = [f"the newest version that would work is {newest}"] if newest else []
    if newer:
        ways.append(f"it would work with the runtime {either(newer)}")
    return "; ".join((*ways, *filter(None, (patch, way))))


def _to_build(name: str) -> str:
    return f"to have its sdist built, write {built_from_source([name])}"


def built_from_source(names: Sequence[str]) -> str:
    """The line of layers.toml that has their sdists built."""
    listed = ", ".join(f'"{name}"' for name in names)
    return f"build-from-source = [{listed}] under [defaults], or under [layers.NAME] for one layer"


def _is_later(version: str, wanted: SpecifierSet, files: Sequence[File]) -> bool:
    """Whether a version is later than all that are wanted of what is offered."""
    return Version(version) > max(wanted.filter({file.version for file in files}), default=Version(version))
