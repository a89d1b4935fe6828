"""A commit → the builds whose archives may be other now than its own would be, and why: `--affected-since`.

What decides the bytes of an archive is taken from both trees and compared, as far as it is known without an
engine and a network. Where it differs, and the store has what both came to, that decides; where it has not,
the build counts as affected.
"""

from __future__ import annotations

import os
import re
from dataclasses import field
from functools import cached_property, partial
from pathlib import Path
from posixpath import basename, dirname
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pylayer
from pylayer.building import packaged
from pylayer.dataclassing import dataclass
from pylayer.errors import ManifestError, PylayerError
from pylayer.keys import changes
from pylayer.locks import lock as locks
from pylayer.locks import lockfiles
from pylayer.locks.sourcing import choices, settings_of
from pylayer.monorepo import inputs, pastcheckout, workspace
from pylayer.monorepo.trees import FileHashes
from pylayer.names import required_name
from pylayer.operations.foresight import Foresight, sources_by
from pylayer.state import opening, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pylayer.building.sources import ProjectSource
    from pylayer.config.layers import Build
    from pylayer.keys import Parts
    from pylayer.monorepo.pastcheckout import PastCheckout
    from pylayer.monorepo.provenance import Provenance
    from pylayer.monorepo.workspace import Project, Workspace
    from pylayer.state.opening import WorkspaceState
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

_DISTRIBUTION = "pylayer-lambda"
_TOLD = 3
_APART = 4  # layers of which each has a line of its own where they are affected by the same
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_SAYING = frozenset({".gitattributes", ".gitignore", ".hgignore"})
_OF_GIT = ("../home/", ".git/")  # what a build is given of version control


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """The builds that a change since `commit` affects, with the reasons for each, by identifier.

    `unsure` are the projects of which only building tells whether their wheels are others. `gone` are builds
    that there were, and are no more.
    """

    commit: str
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def chosen(
    manifest: Path,
    ref: str,
    *,
    note: Callable[[str], None],
    only: Sequence[str] = (),
    names: Sequence[str] = (),
    besides: Sequence[str] = (),
) -> tuple[Build, ...]:
    """The builds that are affected among those that `only` and `names` choose.

    `note` hears which they are and why. `besides` are keys of layers that count though they
    change no archive. Raises UsageError, ManifestError and StoreError.
    """
    found = workspace.load(manifest)
    selected = workspace.select(found.builds, only, layers=names)
    with opening.opened(found.manifest, note=note) as state:
        affected = of(found, ref, state=state, besides=besides)
    left = tuple(build for build in selected if build.id in affected.reasons)
    for line in told(affected, left, of=len(selected), ref=ref):
        note(line)
    return left


def told(affected: Affected, builds: Sequence[Build], *, of: int, ref: str) -> Iterator[str]:
    """Say which of the builds asked for are affected, and why: a line for those of a layer that agree.

    Many layers that agree have one together.
    """
    yield f"{len(builds)} of {of} builds affected since {ref} ({affected.commit[:12]})" + (
        ":" if builds else ""
    )
    alike: dict[tuple[str, ...], list[Build]] = {}
    for build in builds:
        alike.setdefault(affected.reasons[build.id], []).append(build)
    for reasons, together in alike.items():
        more = f", and {len(reasons) - _TOLD} more" if len(reasons) > _TOLD else ""
        for name in _named(together):
            yield f"  {name}: {'; '.join(map(_short, reasons[:_TOLD]))}{more}"
    if builds and affected.unsure:
        yield (
            f"  whether the wheel of {', '.join(affected.unsure)} changed is known once it is built; "
            "until then it counts"
        )
    if affected.gone:
        yield f"  gone since: {', '.join(affected.gone)}"


def _named(builds: Sequence[Build]) -> Iterator[str]:
    """Name each layer of some builds with how many there are; of many layers, only the first."""
    layers: dict[str, list[Build]] = {}
    for build in builds:
        layers.setdefault(build.layer.name, []).append(build)
    if len(layers) > _APART:
        yield f"{', '.join([*layers][:_TOLD])} and {len(layers) - _TOLD} more layers ({len(builds)} builds)"
        return
    for layer, together in layers.items():
        yield together[0].id if len(together) == 1 else f"{layer} ({len(together)} builds)"


def of(found: Workspace, ref: str, *, state: WorkspaceState, besides: Sequence[str] = ()) -> Affected:
    """Compare a workspace with what it was at the commit that `ref` names.

    Raises UsageError where there is no such commit.
    """
    versioned = any(project.vcs or project.reads_history for project in found.projects.values())
    with TemporaryDirectory(prefix="pylayer-") as folder:
        past = pastcheckout.of(
            found.manifest.root,
            ref,
            into=Path(folder).resolve(),
            seen=partial(watch.paths, found),
            manifest=found.manifest.path,
            unchanged=versioned,
        )
        if not (past.changed or versioned):
            return Affected(commit=past.commit)
        if not past.then(found.manifest.path).exists():
            new = f"{found.manifest.path.name} is new"
            return Affected(commit=past.commit, reasons={build.id: (new,) for build in found.builds})
        if whole := list(_everywhere(found, past)):
            return Affected(commit=past.commit, reasons={build.id: tuple(whole) for build in found.builds})
        try:
            return _Comparison(found, past, state, besides).affected()
        except PylayerError as error:
            what = f"what it was cannot be read: {error.faults[0].told}"
            return Affected(commit=past.commit, reasons={build.id: (what,) for build in found.builds})


class _Comparison:
    """Compares two states of a workspace, each project and build once."""

    def __init__(
        self, found: Workspace, past: PastCheckout, state: WorkspaceState, besides: Sequence[str]
    ) -> None:
        self._besides = besides
        self._past = past
        self._found = found
        for project in found.projects.values():
            past.bring_whole(project.path)
        for layer in found.layers:
            for file in layer.files:
                for _, source in file.sources:
                    past.bring_whole(found.manifest.root / source)
        was = workspace.load(past.then(found.manifest.path))
        self._now = Foresight.of_today(found, state)
        past_look = self._sources(sources_by(FileHashes()))
        self._was = Foresight(was, lock=locks.of(was.manifest), store=state.store, sources=past_look)
        self._told: dict[tuple[str, Target], tuple[str, ...]] = {}
        self._same: dict[str, bool] = {}
        self._unsure: dict[str, None] = {}

    def affected(self) -> Affected:
        """All builds of now that are affected."""
        reasons = {build.id: why for build in self._found.builds if (why := tuple(self._reasons(build)))}
        return Affected(
            commit=self._past.commit,
            reasons=reasons,
            unsure=tuple(self._unsure),
            gone=tuple(sorted(self._was.builds.keys() - self._now.builds.keys())),
        )

    def _sources(self, look: Callable[[Project], ProjectSource]) -> Callable[[Project], ProjectSource]:
        """Look at a past project, or at what is there now where nothing of it changed."""

        def sources(project: Project) -> ProjectSource:
            now = self._found.projects.get(project.name)
            if now and self._is_untouched(now, project):
                return self._now.source(project.name)
            if now:
                self._past.bring(now.path)
                for glob in now.options.inputs:
                    for path in inputs.matches(now.path, glob):
                        self._past.bring(path if path.is_dir() else path.parent)
            return look(project)

        return sources

    def _is_untouched(self, now: Project, was: Project) -> bool:
        """Whether nothing changed that the build of a project sees."""
        if now.reads_history or self._past.then(now.path) != was.path.resolve():
            return False
        if (now.options, now.requires, now.climbs, now.written) != (
            was.options,
            was.requires,
            was.climbs,
            was.written,
        ):
            return False
        if now.options.inputs or now.climbs:
            return False  # files anywhere in the repository may be seen
        above = {parent.relative_to(self._past.top).as_posix() for parent in self._above(now)}
        said = {dirname(name) or "." for name in self._past.changed if basename(name) in _SAYING}
        return not self._past.touches(now.path) and said.isdisjoint(above)

    def _is_same(self, name: str) -> bool:
        if name not in self._same:
            both = (side.found.projects[name] for side in (self._now, self._was))
            self._same[name] = self._is_untouched(*both)
        return self._same[name]

    def _above(self, project: Project) -> Iterator[Path]:
        for folder in project.path.resolve().parents:
            if folder.is_relative_to(self._past.top):
                yield folder

    def _reasons(self, build: Build) -> Iterator[str]:
        """Why a build is affected; nothing where it is not."""
        before = self._was.builds.get(build.id)
        if before is None:
            yield "is new"
            return
        try:
            found = [*self._compared(build, before)]
            # What the lock does not answer is in no key.
            unanswered = [*self._unanswered(build, before)]
        except PylayerError as error:
            yield error.faults[0].told
            return
        if found and (archive := self._now.archive(build)) and archive == self._was.archive(before):
            found = []
        yield from (*found, *unanswered, *self._otherwise(build, before))

    def _otherwise(self, build: Build, before: Build) -> Iterator[str]:
        """What changed of a layer and is in no archive."""
        for name in self._besides:
            if getattr(build.layer, name) != getattr(before.layer, name):
                yield f"its {name} changed"
        if "publish" in self._besides and self._found.manifest.publish != self._was.found.manifest.publish:
            yield "[publish] changed"

    def _compared(self, build: Build, before: Build) -> Iterator[str]:
        was, now = self._was.build(before), self._now.build(build)
        yield from changes(was, now)
        for name in now["projects"]:
            if name in was["projects"]:
                yield from self._of_project(name, build.target, before.target)

    def _unanswered(self, build: Build, before: Build) -> Iterator[str]:
        """What layers.lock does not say of a build any more; nothing where it never did."""
        lines = self._now.unlocked(build)
        if lines and lines != self._was.unlocked(before):
            yield f"layers.lock does not answer it any more: {', '.join(lines[:_TOLD])}"
        if self._settings and self._now.closure(build).requirements:
            yield self._settings

    @cached_property
    def _settings(self) -> str:
        """What of the resolver's settings changed and is not in the lock; empty where nothing is."""
        both = [choices(side.found, settings_of(side.found)) for side in (self._was, self._now)]
        if both[0] == both[1] or not self._now.lock.builds or dict(self._now.lock.settings) == both[1]:
            return ""
        return "; ".join(
            changes(both[0], both[1], name="settings of the resolver, which layers.lock has not")
        )

    def _of_project(self, name: str, target: Target, before: Target) -> tuple[str, ...]:
        if (name, target) not in self._told:
            self._told[name, target] = tuple(self._why_project(name, target, before))
        return self._told[name, target]

    def _why_project(self, name: str, target: Target, before: Target) -> Iterator[str]:
        """Why a project's wheel may be another; nothing where it is known to be the same."""
        if self._was.around(name, before) == self._now.around(name, target) and self._is_same(name):
            return
        was, now = self._was.project(name, before), self._now.project(name, target)
        if was == now:
            return
        old, new = self._was.wheel(name, before), self._now.wheel(name, target)
        if old and new:
            if old.sha256 != new.sha256:
                yield from _differences(name, was, now)
            return
        if old and {**was, "files": now["files"]} == now and self._is_beside(name, old):
            return
        self._unsure[name] = None
        yield from _differences(name, was, now)

    def _is_beside(self, name: str, wheel: Wheel) -> bool:
        """Whether all files that changed are in folders from which the build takes nothing."""
        project = self._now.found.projects[name]
        was, now = self._was.source(name), self._now.source(name)
        blind = project.python_independent and not (project.asks_git or project.reads_history)
        return blind and packaged.aside(
            wheel.path, was.own, now.own, subdir=now.tree.subdir, said=self._now.said(name)
        )


def _short(reason: str) -> str:
    """A reason with digests cut."""
    return _DIGEST.sub(r"\1…", reason)


def _differences(name: str, was: Parts, now: Parts) -> Iterator[str]:
    """The differences between two projects' parts; files by their names alone."""
    files: dict[str, None] = {}
    for path in sorted({*was["files"], *now["files"]}):
        before, after = was["files"].get(path), now["files"].get(path)
        if before == after:
            continue
        if path.startswith(_OF_GIT) or "/.git/" in path:
            files["what git tracks or ignores changed"] = None
        else:
            files[f"{path} {'is new' if not before else 'is gone' if not after else 'changed'}"] = None
    if files:
        more = f", and {len(files) - _TOLD} more files" if len(files) > _TOLD else ""
        yield f"{name}: {', '.join([*files][:_TOLD])}{more}"
    yield from changes({**was, "files": {}}, {**now, "files": {}}, name=name)


def _everywhere(found: Workspace, past: PastCheckout) -> Iterator[str]:
    """Why every build is affected: another pylayer makes them, or nothing can be told."""
    outside = [
        project.path
        for project in found.projects.values()
        if not project.path.resolve().is_relative_to(past.top)
    ]
    if outside:
        yield f"{outside[0]} is outside of the repository: nothing tells how it was"
    if path := lockfiles.find(found.manifest.root):
        past.bring_whole(path)
    before, now = (_pylayers(root) for root in (past.then(found.manifest.root), found.manifest.root))
    if before != now:
        texts = [", ".join(sorted(each)) or "not locked" for each in (before, now)]
        yield f"pylayer itself changed ({texts[0]} → {texts[1]})"
    own = Path(pylayer.__file__).resolve().parent
    if own.is_relative_to(past.top):
        here = own.relative_to(past.top).as_posix() + "/"
        if code := sorted(name for name in past.changed if name.startswith(here)):
            yield f"pylayer itself: {code[0]} changed"


def _pylayers(root: Path) -> frozenset[str]:
    """What files beside layers.toml say of pylayer's own version: a lock, or requirements that pin it."""
    texts: set[str] = set()
    try:
        if path := lockfiles.find(root):
            for entry in lockfiles.read(path, label=path.name).entries:
                if entry.name == _DISTRIBUTION:
                    place = f" from {_place(entry.provenance, root)}" if entry.provenance else ""
                    texts.add(f"{entry.version or entry.specifier}{place}")
    except ManifestError:
        texts.add("its lock file cannot be read")
    if not texts:
        for path in sorted(root.glob("*requirements*.txt")):
            texts |= {
                line.split("#")[0].strip()
                for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
                if required_name(line) == _DISTRIBUTION
            }
    return frozenset(texts)


def _place(provenance: Provenance, root: Path) -> str:
    """Where something comes from; a path as it is from `root`, so that it is the same in both trees."""
    return os.path.relpath(provenance.address, root) if provenance.kind == "path" else str(provenance)
