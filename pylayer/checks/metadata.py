"""The metadata of an archive's wheels → requirements that nothing satisfies, and wheels for other targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.checks.provided import provided
from pylayer.markers import holds, readable, required
from pylayer.names import normalise
from pylayer.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.tags import Tag

    from pylayer.targets import Target
    from pylayer.wheels import Wheel

_LATEST_PATCH = 99  # of a minor version of Python: later than any
_OTHERS = ("macosx", "win", "ios", "android", "emscripten", "pyodide", "wasi")


def check_tags(wheels: Sequence[Wheel], *, target: Target, local: Collection[str]) -> Iterator[Problem]:
    """Wheels for another Python, machine, C library or glibc; `linux_*` is trusted in those of `local`."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.utils import parse_wheel_filename

    accepted = frozenset(target.tags)
    for wheel in wheels:
        tags = parse_wheel_filename(wheel.filename)[3]
        if not tags & accepted:
            yield from _tag_problem(wheel, tags, target, accepted, local)
        try:
            wanted = SpecifierSet(wheel.metadata.requires_python or "")
        except InvalidSpecifier:
            continue
        # Lambda runs some patch release of the minor: any that is let in will do.
        if not any(
            wanted.contains(f"{target.runtime.python}.{patch}")
            for patch in (target.runtime.patch, _LATEST_PATCH)
        ):
            what = f"{wheel.metadata.version} requires Python {wanted}; the runtime is {target.runtime}"
            yield Problem(kind="python", severity="error", where=wheel.metadata.name, what=what)


def check_requirements(
    wheels: Sequence[Wheel],
    *,
    target: Target,
    requested: Sequence[str] = (),
    beside: Sequence[Wheel] = (),
    excluded: Collection[str] = (),
    overridden: Mapping[str, Collection[str]] | None = None,
) -> Iterator[Problem]:
    """Requirements that neither the layer nor those `beside` it nor the runtime satisfies.

    `requested` are the layer's own (their extras count), `excluded` distributions that the user left out,
    `overridden` those whose version the user decides against what requires them, with the extras that they
    then have. What an extra brings that such a decision takes away may be missing.
    """
    present = {wheel.metadata.name: wheel for wheel in (*beside, *wheels)}
    elsewhere = {*provided(target).distributions, *excluded}
    own = [required(text) for text in requested]
    # Everyone without extras, and then, as the list grows, once more with each extra that somebody asks for.
    requirers = [
        ("the layer", [requirement for requirement in own if holds(requirement.marker, target.markers)])
    ]
    requirers += [(wheel.metadata.name, _active(wheel, "", target)) for wheel in wheels]
    seen: set[tuple[str, str]] = set()
    decided = overridden or {}
    for wheel in wheels:
        yield from _unreadable(wheel)
    for requirer, requirements in requirers:
        for requirement in requirements:
            name = normalise(requirement.name)
            if found := present.get(name):
                if name not in decided:
                    yield from _check_version(requirer, requirement, found)
                new = {(name, normalise(extra)) for extra in requirement.extras} - seen
                requirers += [(f"{name}[{extra}]", _active(found, extra, target)) for _, extra in sorted(new)]
                seen |= new
            elif name not in elsewhere:
                yield _missing(requirer, requirement, target, overridden=decided)
    for wheel in wheels:
        extras = [extra for name, extra in seen if name == wheel.metadata.name]
        for requirement in _later(wheel, extras, target):
            if normalise(requirement.name) not in {*present, *elsewhere}:
                yield _of_a_later_release(wheel, requirement, target)


def _missing(
    requirer: str, requirement: Requirement, target: Target, *, overridden: Mapping[str, Collection[str]]
) -> Problem:
    """A requirement that nothing satisfies; it may be meant where an override has not the extra of it."""
    what = f"requires {_shown(requirement)}, which neither the layer nor {target.runtime} has"
    name, _, extra = requirer.removesuffix("]").partition("[")
    if extra and extra not in overridden.get(name, (extra,)):
        hint = f"an override takes the extra away; to have it, override with {requirer}"
        return Problem(kind="requirement", severity="warning", where=requirer, what=what, hint=hint)
    hint = "add it to the layer's requirements, or to `exclude` where another layer provides it"
    return Problem(kind="requirement", severity="error", where=requirer, what=what, hint=hint)


def check_runtime(
    wheels: Sequence[Wheel], modules: Mapping[str, str], *, target: Target
) -> Iterator[Problem]:
    """Parts of what the runtime brings whose place the layer's `modules` (module → distribution) take."""
    given = provided(target)
    versions = {wheel.metadata.name: wheel.metadata.version for wheel in wheels}
    taken = {
        name for name, owned in given.distributions.items() if any(module in modules for module in owned)
    }
    advice = "bring boto3, botocore and s3transfer with it, or leave it to the runtime with `exclude`"
    if (some := taken & given.together) and some != given.together:
        missing = ", ".join(sorted(given.together - some))
        what = f"replaces the runtime's, but not {missing}, which is made for another release"
        yield Problem(
            kind="runtime", severity="warning", where=" and ".join(sorted(some)), what=what, hint=advice
        )
    for requirer, texts in given.requires.items():
        for requirement in map(required, texts):
            name = requirement.name
            version = versions.get(name) if name in taken and requirer not in taken else None
            if version and not _satisfies(version, requirement):
                what = f"{version} replaces the runtime's, whose {requirer} requires {requirement}"
                hint = f"ask for {requirement}, or {advice}"
                yield Problem(kind="runtime", severity="warning", where=name, what=what, hint=hint)
    for name in sorted(taken):
        for module in given.distributions[name]:
            owner = modules.get(module, name)
            if owner != name or name == "awslambdaric":
                what = f"replaces the runtime's {module}"
                yield Problem(
                    kind="runtime", severity="warning", where=owner or f"python/{module}", what=what
                )


def _check_version(requirer: str, requirement: Requirement, found: Wheel) -> Iterator[Problem]:
    if not _satisfies(found.metadata.version, requirement):
        what = f"requires {_shown(requirement)}, but there is {found.metadata.name} {found.metadata.version}"
        yield Problem(kind="requirement", severity="error", where=requirer, what=what)


def _tag_problem(
    wheel: Wheel, tags: Collection[Tag], target: Target, accepted: Collection[Tag], local: Collection[str]
) -> Iterator[Problem]:
    from packaging.tags import Tag

    machine = target.architecture.machine
    own = {
        Tag(tag.interpreter, tag.abi, target.platforms[0])
        for tag in tags
        if tag.platform == f"linux_{machine}"
    }
    if own & set(accepted):
        if wheel.metadata.name not in local:
            what = f"is a linux_{machine} wheel: it does not say which glibc it needs"
            hint = "have it built here (`build-from-source`), or choose a manylinux wheel"
            yield Problem(kind="tag", severity="warning", where=wheel.filename, what=what, hint=hint)
        return
    platforms = sorted({tag.platform for tag in tags})
    pythons = sorted({f"{tag.interpreter}-{tag.abi}" for tag in tags})
    where, hint = wheel.filename, f"lock again for {target}"
    if all(platform.startswith("musllinux") for platform in platforms):
        what = f"is built for musl (Alpine); {target.runtime} has glibc"
        yield Problem(kind="musl", severity="error", where=where, what=what, hint=hint)
    elif all(platform.startswith(_OTHERS) for platform in platforms):
        what = f"is for {', '.join(platforms)}; {target} is Linux"
        yield Problem(kind="tag", severity="error", where=where, what=what, hint=hint)
    elif not any(platform == "any" or platform.endswith(machine) for platform in platforms):
        what = f"is for {', '.join(platforms)}; {target} runs {machine} code"
        yield Problem(kind="machine", severity="error", where=where, what=what, hint=hint)
    elif set(platforms) & {"any", f"linux_{machine}", *target.platforms}:
        what = f"is for {', '.join(pythons)}; {target.runtime} cannot load it"
        yield Problem(kind="tag", severity="error", where=where, what=what, hint=hint)
    else:
        glibc = ".".join(map(str, target.runtime.glibc))
        what = f"is for {', '.join(platforms)}; {target.runtime} ({target.runtime.os}) has glibc {glibc}"
        yield Problem(kind="tag", severity="error", where=where, what=what, hint=hint)


def _unreadable(wheel: Wheel) -> Iterator[Problem]:
    """Requirements as nobody writes them any more, such as `pytz (>dev)`: installers differ about them."""
    for text in wheel.metadata.requires:
        if not _needs_extra(text) and not readable([text]):
            what = f"has a requirement that cannot be read, and was not checked: {text}"
            hint = "make sure that the layer has what it needs, or take a newer version"
            name = wheel.metadata.name
            yield Problem(kind="requirement", severity="warning", where=name, what=what, hint=hint)


def _active(wheel: Wheel, extra: str, target: Target) -> list[Requirement]:
    """The requirements of `wheel` that `extra` adds; without one, those that always hold.

    What cannot be read is left out.
    """
    active = []
    for requirement in readable(text for text in wheel.metadata.requires if extra or not _needs_extra(text)):
        always = holds(requirement.marker, target.markers)
        if always != bool(extra) and (always or holds(requirement.marker, target.markers, extras=[extra])):
            active.append(requirement)
    return active


def _later(wheel: Wheel, extras: Collection[str], target: Target) -> Iterator[Requirement]:
    """The requirements of `wheel` that hold on later patch releases of Python than the first alone."""
    python = f"{target.runtime.python}.{_LATEST_PATCH}"
    later = {**target.markers, "python_full_version": python, "implementation_version": python}
    about = ("python_full_version", "implementation_version")
    for requirement in readable(
        text for text in wheel.metadata.requires if any(each in text for each in about)
    ):
        marker = requirement.marker
        if holds(marker, later, extras=extras) and not holds(marker, target.markers, extras=extras):
            yield requirement


def _of_a_later_release(wheel: Wheel, requirement: Requirement, target: Target) -> Problem:
    return Problem(
        kind="requirement",
        severity="warning",
        where=wheel.metadata.name,
        what=f"requires {_shown(requirement)} on some patch releases ({requirement.marker}): it is left out, "
        f"as on {target.runtime.earliest}, and {target.runtime} may be a later one",
        hint="add it to the layer's requirements, if the runtime's Python is among those",
    )


def _needs_extra(text: str) -> bool:
    """Whether a requirement plainly holds for an extra alone: half of all do, and parsing them takes time."""
    marker = text.partition(";")[2].strip()
    return marker.startswith("extra ==") and " or " not in marker


def _satisfies(version: str, requirement: Requirement) -> bool:
    from packaging.version import Version

    return requirement.specifier.contains(Version(version), prereleases=True)


def _shown(requirement: Requirement) -> str:
    """The requirement without its marker."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"
