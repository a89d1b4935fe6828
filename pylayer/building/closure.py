"""What a layer asks for → all projects of the monorepo that it needs, and what is left for an index.

Markers and extras are evaluated for the target (PEP 508). A requirement on the name of a project is that
project, whoever requires it and however: a direct reference such as `liba @ file:///…`, which hatch and
poetry-core write, is too. So such a name is never left for an index.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement

from pylayer import redaction
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, ResolveError
from pylayer.markers import holds, readable, required
from pylayer.names import normalise, required_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

    from pylayer.config.layers import Build
    from pylayer.wheels import Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """`projects`: normalised names, sorted; `requirements`: PEP 508 without markers, sorted, for an index.

    `extras` (normalised, sorted) are those that some project is wanted with. `warnings` are about extras that
    no project has. `wanted` are those who have a requirement for an index, by its name: projects, or the
    layer itself as an empty name.
    """

    projects: tuple[str, ...]
    requirements: tuple[str, ...]
    extras: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One requirement met on the way, its normalised name, and who has it."""

    requirement: Requirement
    name: str
    wanted_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Where a walk begins: `requirements` (PEP 508), the `markers` to evaluate them by, and whose they are.

    Names in `exclude` (normalised) are passed over wherever they are met; `overrides` (PEP 508) stand in for
    what third-party distributions require of one another. `where` is for errors.
    """

    requirements: tuple[str, ...]
    wanted_by: str
    markers: Mapping[str, str]
    exclude: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    where: str = ""


def root_of(build: Build, *, overrides: tuple[str, ...] = ()) -> Root:
    """What a layer itself asks for: its projects with its extras, and its own requirements."""
    layer = build.layer
    extras = f"[{','.join(layer.extras)}]" if layer.extras else ""
    return Root(
        requirements=(*(f"{name}{extras}" for name in layer.projects), *layer.requirements),
        wanted_by=f"layer {layer.name}",
        markers=build.target.markers,
        exclude=layer.exclude,
        overrides=overrides,
        where=build.id,
    )


async def close(
    root: Root,
    *,
    projects: Collection[str],
    metadata: Callable[[frozenset[str]], Awaitable[Mapping[str, Metadata]]],
    outside: Iterable[Metadata] = (),
) -> Closure:
    """Follow what `root` requires through the monorepo's `projects` (normalised names).

    `metadata` gives what the wheels of some projects say. `outside` are third-party distributions that are
    in the layer already: where one of those requires a project, that project belongs to the layer as well.
    What it requires for an extra, it does where somebody wants it with that.
    Raises ResolveError listing every project whose version is not the required one, or for a requirement that
    cannot be read.
    """
    others = {other.name: other for other in outside}
    walk = _Walk(root, projects=projects, others=others)
    for text in root.requirements:
        walk.read(text, extras=frozenset(), wanted_by=root.wanted_by)
    for requirement in readable(root.overrides):
        walk.reach(requirement, extras=frozenset())
    for name in others:
        walk.pass_through(name, extras=frozenset({""}))
    known: dict[str, Metadata] = {}
    while todo := walk.take():
        missing = frozenset(name for name, _ in todo) - known.keys()
        known |= await metadata(missing) if missing else {}
        for name, extras in todo:
            walk.follow(known[name], extras=extras)
    walk.check(known)
    return Closure(
        projects=tuple(sorted(known)),
        requirements=tuple(sorted(str(each) for each in walk.outside)),
        extras=walk.extras,
        warnings=tuple(walk.unknown_extras(known)),
        wanted={name: tuple(sorted(by)) for name, by in walk.wanted.items()},
    )


def _refuse_address(want: Want, *, where: str) -> None:
    """Refuse a path of a machine, and credentials that would be written down in a lock and in a layer."""
    url = want.requirement.url or ""
    if urlsplit(url).scheme == "file":
        raise ResolveError(
            f"{want.wanted_by} requires {want.name} by a path that is no project of the monorepo",
            where=where,
            hint="let `packages` in layers.toml find it, or require it from an index",
        )
    refuse_login(str(want.requirement), wanted_by=want.wanted_by, where=where)


def refuse_login(requirement: str, *, wanted_by: str, where: str) -> None:
    """Refuse credentials in a requirement: locks, stores and layers travel. Raises ResolveError."""
    if redaction.has_login(requirement):
        raise ResolveError(
            f"{wanted_by} requires {required_name(requirement)} from an address with credentials in it",
            where=where,
            hint="take them out: give them to git, or to netrc",
        )


def _extras(requirement: Requirement) -> frozenset[str]:
    """What is wanted of a distribution: it without extras, and each of those."""
    return frozenset({"", *map(normalise, requirement.extras)})


class _Walk:
    """The state of one walk: which projects with which extras were seen, and which are still to follow."""

    def __init__(self, root: Root, *, projects: Collection[str], others: Mapping[str, Metadata]) -> None:
        self._root = root
        self._projects = projects
        self._others = others
        self._passed: dict[str, set[str]] = {}
        self._seen: dict[str, set[str]] = {}
        self._todo: list[tuple[str, frozenset[str]]] = []
        self._wants: list[Want] = []
        self.outside: set[Requirement] = set()
        self.wanted: dict[str, set[str]] = {}

    @property
    def extras(self) -> tuple[str, ...]:
        return tuple(sorted(set().union(*self._seen.values()) - {""}))

    def take(self) -> list[tuple[str, frozenset[str]]]:
        todo, self._todo = self._todo, []
        return todo

    def want(self, requirement: Requirement, *, wanted_by: str) -> None:
        """Note a requirement whose marker holds."""
        want = Want(requirement=requirement, name=normalise(requirement.name), wanted_by=wanted_by)
        if want.name in self._root.exclude:
            return
        if want.name not in self._projects:
            _refuse_address(want, where=self._root.where)
            plain = Requirement(str(requirement))
            plain.marker = None
            self.outside.add(plain)
            by = wanted_by if wanted_by in self._projects else ""
            self.wanted.setdefault(want.name, set()).add(by)
            self.pass_through(want.name, extras=_extras(requirement))
            return
        self._wants.append(want)
        new = _extras(requirement) - self._seen.get(want.name, set())
        if new:
            self._seen.setdefault(want.name, set()).update(new)
            self._todo.append((want.name, frozenset(new)))

    def follow(self, metadata: Metadata, *, extras: frozenset[str]) -> None:
        """Note the requirements of a project that hold with any of `extras`."""
        for text in metadata.requires:
            self.read(text, extras=extras, wanted_by=metadata.name)

    def pass_through(self, name: str, *, extras: frozenset[str]) -> None:
        """Go on from a third-party distribution of the layer that is wanted with `extras`."""
        new = extras - self._passed.setdefault(name, set())
        if not new or name not in self._others:
            return
        self._passed[name] |= new
        for text in self._others[name].requires:
            if required_name(text) in self._projects:
                self.read(text, extras=new, wanted_by=name)
            # What others wrote long ago, such as `pytz (>dev)`, is read by the resolver, in its way.
            elif required_name(text) in self._others:
                for requirement in readable([text]):
                    self.reach(requirement, extras=new)

    def reach(self, requirement: Requirement, *, extras: frozenset[str]) -> None:
        """Go on from what a requirement on a third-party distribution asks for, where its marker holds."""
        if requirement.extras and holds(requirement.marker, self._root.markers, extras=extras):
            self.pass_through(normalise(requirement.name), extras=_extras(requirement))

    def read(self, text: str, *, extras: frozenset[str], wanted_by: str) -> None:
        """Note a requirement (PEP 508) where its marker holds with any of `extras`, or none."""
        try:
            requirement = required(text)
            active = holds(requirement.marker, self._root.markers, extras=extras)
        except (InvalidRequirement, UndefinedEnvironmentName) as error:
            hint = 'write it as PEP 508 does: "name>=1.2"'
            if "||" in text:
                hint = "PEP 508 has no `||`, which poetry-core wrote, nor words for this: give it one range"
            raise ResolveError(
                f"{wanted_by} requires {text!r}, which cannot be read: {str(error).partition(chr(10))[0]}",
                where=self._root.where,
                hint=hint,
            ) from error
        if active:
            self.want(requirement, wanted_by=wanted_by)

    def check(self, known: Mapping[str, Metadata]) -> None:
        """Raise for each project of another version than someone requires."""
        faults = [
            Fault(
                what=f"{want.wanted_by} requires {want.requirement}, but the monorepo has {version}",
                where=self._root.where,
                hint=f"change the requirement, or the version of {want.name}",
            )
            for want in self._wants
            if want.requirement.specifier
            and not want.requirement.specifier.contains(version := known[want.name].version, prereleases=True)
        ]
        if faults:
            raise ResolveError.of(faults)

    def unknown_extras(self, known: Mapping[str, Metadata]) -> list[str]:
        """Tell of extras that nobody has: installers pass over them, and what was meant is not there.

        Those of a layer are for all of its projects, so that one of them has to have it.
        """
        asked: dict[tuple[str, str], list[str]] = {}
        for want in self._wants:
            for extra in sorted(map(normalise, want.requirement.extras)):
                asked.setdefault((want.wanted_by, extra), []).append(want.name)
        told = []
        for (wanted_by, extra), names in asked.items():
            answered = wanted_by == self._root.wanted_by and any(
                extra in known[name].extras for name in names
            )
            lacking = [] if answered else [name for name in names if extra not in known[name].extras]
            for name in lacking:
                there = ", ".join(sorted(known[name].extras))
                known_ones = f"it has {there}" if there else "it has none"
                told.append(f'{wanted_by} asks for the extra "{extra}" of {name}: {known_ones}')
        return told
